using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// Tells a mismatch of TLS from an outage. A MongoDB that is spoken to with TLS and has none, or the other way round, ends the
/// connection without a word, as one that is going down does. So the other way is tried once, without a log-in: what answers it
/// is up, and set up otherwise.
/// </summary>
internal static class MongoTlsProbe
{
    private const int OpMsg = 2013;
    private const int HeaderBytes = 16;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Null where there is no mismatch, or none can be seen.</summary>
    public static async Task<StoreSetupException?> ExplainAsync(string where, MongoClient client, CancellationToken cancellationToken)
    {
        var server = client.Cluster.Description.Servers.FirstOrDefault(each => IsCutShort(each.HeartbeatException));
        if (server is null)
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        return client.Settings.UseTls
            ? await AnswersAsync(server.EndPoint, PlainAsync, limit.Token).ConfigureAwait(false)
                ? new StoreSetupException($"{where}: the connection string asks for TLS, and the server speaks none: "
                    + "leave out tls=true (or give tls=false with mongodb+srv), or set up net.tls on the server")
                : null
            : await AnswersAsync(server.EndPoint, TlsAsync, limit.Token).ConfigureAwait(false)
                ? new StoreSetupException($"{where}: the server requires TLS, and the connection string does not ask for it: add tls=true")
                : null;
    }

    /// <summary>Whether there was somebody who ended the connection.</summary>
    private static bool IsCutShort(Exception? seen) => seen?.GetBaseException() switch
    {
        null => false,
        SocketException e => e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown,
        _ => true,
    };

    private static async Task<bool> AnswersAsync(
        EndPoint place, Func<NetworkStream, EndPoint, CancellationToken, Task<bool>> ask, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(place, cancellationToken).ConfigureAwait(false);
            await using var stream = new NetworkStream(socket);
            return await ask(stream, place, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>OP_MSG with a hello, which is answered by whatever speaks the protocol in clear.</summary>
    private static async Task<bool> PlainAsync(NetworkStream stream, EndPoint place, CancellationToken cancellationToken)
    {
        var hello = new BsonDocument { { "hello", 1 }, { "$db", "admin" } }.ToBson();
        var message = new byte[HeaderBytes + 5 + hello.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), OpMsg);
        hello.CopyTo(message, HeaderBytes + 5);
        await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
        var header = new byte[HeaderBytes];
        await stream.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
        return BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8)) == 1
            && BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12)) == OpMsg;
    }

    /// <summary>Begins a handshake and looks no further than whether a certificate is shown; nothing is sent through it.</summary>
    private static async Task<bool> TlsAsync(NetworkStream stream, EndPoint place, CancellationToken cancellationToken)
    {
        var hasCertificate = false;
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true, (_, certificate, _, _) =>
        {
            hasCertificate = certificate is not null;
            return false;
        });
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = place is DnsEndPoint dns ? dns.Host : "" }, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException)
        {
            // refused here, as it is meant to be, or there
        }

        return hasCertificate;
    }
}
