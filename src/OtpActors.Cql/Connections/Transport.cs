using System.Net.Security;
using System.Net.Sockets;

namespace OtpActors.Cql.Connections;

/// <summary>A connected byte stream: one thread receives, one at a time sends.</summary>
internal abstract class Transport : IDisposable
{
    /// <summary>Blocks until there are bytes; 0 at the end.</summary>
    public abstract int Receive(Span<byte> buffer);

    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Sends what goes without waiting, and tells how much that was.</summary>
    public abstract int TrySend(ReadOnlySpan<byte> bytes);

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Ends a receive or send that is under way, too.</summary>
    public abstract void Dispose();
}

internal sealed class SocketTransport : Transport
{
    private readonly Socket _socket;

    public SocketTransport(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false; // a send must never wait for a peer that does not read
    }

    public override int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var received = _socket.Receive(buffer, SocketFlags.None, out var error);
            if (error == SocketError.Success)
            {
                return received;
            }

            if (error != SocketError.WouldBlock)
            {
                throw new SocketException((int)error);
            }

            _socket.Poll(-1, SelectMode.SelectRead);
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => _socket.ReceiveAsync(buffer);

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => sent,
            SocketError.WouldBlock => 0,
            _ => throw new SocketException((int)error),
        };
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }

    public override void Dispose() => Close(_socket);

    /// <summary>Shut down first: that wakes a thread that waits in the kernel.</summary>
    public static void Close(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // not connected any more
        }

        socket.Dispose();
    }
}

internal sealed class TlsTransport(Socket socket, SslStream stream) : Transport
{
    public override int Receive(Span<byte> buffer) => stream.Read(buffer);

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => stream.ReadAsync(buffer);

    public override int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes);

    public override void Dispose()
    {
        SocketTransport.Close(socket);
        stream.Dispose();
    }
}
