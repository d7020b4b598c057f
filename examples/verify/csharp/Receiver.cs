// Takes webhooks at /standard or /hmac, whichever signature it should check.
//
//   PORT=8080 WEBHOOK_SECRET=whsec_... dotnet run
//
// (In ASP.NET Core the raw bytes are those of Request.Body.)
using System;
using System.IO;
using System.Linq;
using System.Net;

public static class Receiver
{
    public static void Main()
    {
        // The old one is for the time after a rotation.
        string[] secrets = new[] { "WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD" }
            .Select(Environment.GetEnvironmentVariable)
            .Where(secret => !string.IsNullOrEmpty(secret)).ToArray();
        var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:" +
            Environment.GetEnvironmentVariable("PORT") + "/");
        listener.Start();
        while (true)
            Take(listener.GetContext(), secrets);
    }

    private static void Take(HttpListenerContext context, string[] secrets)
    {
        HttpListenerRequest request = context.Request;
        Func<string, string> header = name => request.Headers[name] ?? "";
        var body = new MemoryStream();
        request.InputStream.CopyTo(body);
        bool good = request.Url.AbsolutePath == "/standard"
            ? Verify.Standard(secrets, body.ToArray(), header("webhook-id"),
                header("webhook-timestamp"), header("webhook-signature"),
                TimeSpan.FromMinutes(5))
            : Verify.Hmac(secrets, body.ToArray(), header("X-Webhook-Signature"));
        context.Response.StatusCode = good ? 204 : 401;
        context.Response.Close();
    }
}
