import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Takes webhooks at /standard or /hmac, whichever signature it should check.
 *
 *   javac Receiver.java Verify.java
 *   PORT=8080 WEBHOOK_SECRET=whsec_... java Receiver
 */
final class Receiver {
    // The old one is for the time after a rotation.
    private static final List<String> SECRETS =
        Stream.of("WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD")
            .map(System::getenv).filter(Objects::nonNull).toList();

    private static String header(HttpExchange exchange, String name) {
        return Objects.requireNonNullElse(
            exchange.getRequestHeaders().getFirst(name), "");
    }

    private static void take(HttpExchange exchange) throws IOException {
        // The raw bytes: nothing has parsed them yet.
        byte[] body = exchange.getRequestBody().readAllBytes();
        boolean good = exchange.getRequestURI().getPath().equals("/standard")
            ? Verify.standard(SECRETS, body, header(exchange, "webhook-id"),
                header(exchange, "webhook-timestamp"),
                header(exchange, "webhook-signature"), Duration.ofMinutes(5))
            : Verify.hmac(SECRETS, body, header(exchange, "X-Webhook-Signature"));
        exchange.sendResponseHeaders(good ? 204 : 401, -1);
        exchange.close();
    }

    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server =
            HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Receiver::take);
        server.start();
    }
}
