// ids.mjs - public ids and the 63-bit numbers behind them.

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

// "evt_0a1b…" as a decimal string, as SQL shows it.
export function idNumber(text) {
    const digits = text.slice(text.indexOf('_') + 1);
    let value = 0n;
    for (const digit of digits)
        value = value * 32n + BigInt(alphabet.indexOf(digit));
    return value.toString();
}

export function idText(prefix, number) {
    let value = BigInt(number);
    let digits = '';
    for (let i = 0; i < 13; i++) {
        digits = alphabet[Number(value % 32n)] + digits;
        value /= 32n;
    }
    return `${prefix}_${digits}`;
}
