// Mono's library ends before .NET Core 2.1, which has this class.
namespace System.Security.Cryptography
{
    public static class CryptographicOperations
    {
        public static bool FixedTimeEquals(byte[] one, byte[] other)
        {
            int difference = one.Length ^ other.Length;
            for (int i = 0; i < one.Length && i < other.Length; i++)
                difference |= one[i] ^ other[i];
            return difference == 0;
        }
    }
}
