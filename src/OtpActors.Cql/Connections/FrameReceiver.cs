using System.Net;
using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Connections;

/// <summary>
/// Receives a connection's bytes and hands the frames over, on a thread of its own: that spares two changes of threads
/// a response. Where there are many connections already it is done asynchronously.
/// </summary>
internal sealed class FrameReceiver(Transport transport, FrameDecoder decoder, IFrameHandler handler, Action<Exception> ended)
{
    private const int BufferSize = 64 * 1024;
    private const int StackSize = 256 * 1024;

    /// <summary>Set when bytes come, to be reset by whoever wonders.</summary>
    public bool HasReceived { get; set; }

    public void Start(IPEndPoint endPoint, bool onOwnThread)
    {
        if (onOwnThread)
        {
            new Thread(static self => ((FrameReceiver)self!).Read(), StackSize) { IsBackground = true, Name = $"cql {endPoint}" }
                .UnsafeStart(this);
        }
        else
        {
            _ = Task.Run(ReadAsync);
        }
    }

    private void Read()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        try
        {
            while (transport.Receive(buffer) is var received and > 0)
            {
                Take(buffer.AsSpan(0, received));
            }

            ended(new IOException("the server closed the connection"));
        }
        catch (Exception exception)
        {
            ended(exception);
        }
        finally
        {
            decoder.Dispose();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        try
        {
            while (await transport.ReceiveAsync(buffer).ConfigureAwait(false) is var received and > 0)
            {
                Take(buffer.AsSpan(0, received));
            }

            ended(new IOException("the server closed the connection"));
        }
        catch (Exception exception)
        {
            ended(exception);
        }
        finally
        {
            decoder.Dispose();
        }
    }

    /// <summary>Deals with what was received, then sends what that has led to.</summary>
    private void Take(ReadOnlySpan<byte> bytes)
    {
        HasReceived = true;
        ReaderTurn.Begin();
        try
        {
            decoder.Decode(bytes, handler);
        }
        finally
        {
            ReaderTurn.End();
        }
    }
}
