using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Connections;

/// <summary>Connects: socket, TLS, OPTIONS, STARTUP, authentication. Native protocol v4 §4.1 and 4.2.</summary>
internal static class Handshake
{
    /// <summary>A connection that is ready for queries.</summary>
    /// <exception cref="DriverException">Why the connection cannot be used.</exception>
    public static async Task<Connection> OpenAsync(
        IPEndPoint endPoint, ProtocolVersion version, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(settings.ConnectTimeout, settings.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Connection? connection = null;
        try
        {
            await socket.ConnectAsync(endPoint, both.Token).ConfigureAwait(false);
            Transport transport = settings.Tls is { } tls
                ? new TlsTransport(socket, await SecureAsync(socket, Name(endPoint, settings), tls, both.Token).ConfigureAwait(false))
                : new SocketTransport(socket);
            connection = new Connection(transport, endPoint, version, settings);
            connection.Start();
            await StartAsync(connection, settings).WaitAsync(both.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            socket.Dispose();
            throw exception switch
            {
                OperationCanceledException when limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested =>
                    new ConnectionException(endPoint, $"no answer within {settings.ConnectTimeout.TotalSeconds:0.#} s"),
                System.Security.Authentication.AuthenticationException => new TlsException(endPoint, exception),
                SocketException or IOException => new ConnectionException(endPoint, exception.Message, exception),
                _ => exception,
            };
        }
    }

    private static string Name(IPEndPoint endPoint, ConnectionSettings settings) =>
        settings.HostNames.GetValueOrDefault(endPoint.Address) ?? endPoint.Address.ToString();

    private static async Task<SslStream> SecureAsync(
        Socket socket, string host, SslOptions tls, CancellationToken cancellationToken)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await stream.AuthenticateAsClientAsync(tls.ForHost(host), cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (IOException exception)
        {
            throw new System.Security.Authentication.AuthenticationException(exception.Message, exception);
        }
    }

    private static async Task StartAsync(Connection connection, ConnectionSettings settings)
    {
        var timeout = settings.ConnectTimeout;
        try
        {
            await connection.RequestAsync(OptionsRequest.Opcode, timeout).ConfigureAwait(false);
            var response = await connection.RequestAsync(StartupRequest.Opcode, timeout, StartupRequest.Write).ConfigureAwait(false);
            if (response.Opcode == Opcode.Authenticate)
            {
                await AuthenticateAsync(connection, settings, response).ConfigureAwait(false);
            }
            else if (response.Opcode != Opcode.Ready)
            {
                throw new ProtocolException($"{response.Opcode} in answer to STARTUP");
            }
        }
        catch (ConnectionException exception) when (exception.InnerException is UnsupportedProtocolVersionException refused)
        {
            throw refused; // on stream 0: the answer of servers that do not know the version
        }
    }

    private static async Task AuthenticateAsync(Connection connection, ConnectionSettings settings, Response response)
    {
        var authenticator = (settings.Auth ?? throw new AuthenticationException(
            connection.EndPoint, "the server asks for a user name and password, and none is given")).Create(Name(response));
        var token = authenticator.InitialResponse();
        while (true)
        {
            var sent = token;
            response = await connection.RequestAsync(
                AuthResponseRequest.Opcode, settings.ConnectTimeout, writer => AuthResponseRequest.Write(writer, sent))
                .ConfigureAwait(false);
            if (response.Opcode == Opcode.AuthSuccess)
            {
                return;
            }

            if (response.Opcode != Opcode.AuthChallenge)
            {
                throw new ProtocolException($"{response.Opcode} in answer to AUTH_RESPONSE");
            }

            token = authenticator.EvaluateChallenge(Token(response));
        }
    }

    private static string Name(Response response)
    {
        var reader = response.Read();
        return AuthenticateMessage.Read(ref reader);
    }

    private static byte[]? Token(Response response)
    {
        var reader = response.Read();
        return AuthTokenMessage.Read(ref reader);
    }
}
