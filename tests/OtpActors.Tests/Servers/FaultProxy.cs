using System.Net;
using System.Net.Sockets;
using OtpActors.Tests.Servers.Cassandra;

namespace OtpActors.Tests.Servers;

/// <summary>How a part is away.</summary>
internal enum Outage
{
    /// <summary>Its connections end and new ones are refused, as of a process that has ended.</summary>
    Down,

    /// <summary>
    /// Connections stay and come about, and nothing passes, as of a process that is stopped: what was sent to it is
    /// delivered when it goes on.
    /// </summary>
    Frozen,
}

/// <summary>
/// Stands on a loopback port in front of a server, and can be away in its place. What it says may be lost with it:
/// <see cref="LoseNextReply"/>.
/// </summary>
/// <remarks>Switched from any thread. Disposing ends all connections.</remarks>
internal sealed class FaultProxy : IAsyncDisposable
{
    private const string Address = "127.0.0.1";

    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly List<Task> _work = [];
    private readonly CancellationTokenSource _ending = new();
    private TaskCompletionSource _broken = NewSignal();
    private TaskCompletionSource _passing = NewSignal();
    private TcpListener? _listener;
    private Outage? _armed;
    private bool _ended;

    public FaultProxy()
    {
        _passing.SetResult();
        Listen();
    }

    /// <summary>Below those that systems give to outgoing connections: it is free again after an outage.</summary>
    public int Port { get; } = Ports.Free(Address);

    /// <summary>The server's port; set before the first connection.</summary>
    public int Target { get; set; }

    /// <summary>Completes when the outage has begun that was asked for last.</summary>
    public Task Broken => _broken.Task;

    public void Break(Outage outage)
    {
        lock (_lock)
        {
            _armed = null;
            _passing = NewSignal();
            if (outage == Outage.Down)
            {
                _listener?.Dispose();
                _listener = null;
                Reset();
            }

            _broken.TrySetResult();
        }
    }

    /// <summary>The outage begins with the server's next word: what it answers is done, and not heard.</summary>
    public void LoseNextReply(Outage outage)
    {
        lock (_lock)
        {
            _armed = outage;
        }
    }

    public void Mend()
    {
        lock (_lock)
        {
            _armed = null;
            _broken = NewSignal();
            Listen();
            _passing.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] work;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            _listener?.Dispose();
            _listener = null;
            Reset();
            work = [.. _work];
        }

        await _ending.CancelAsync();
        await Task.WhenAll(work);
        _ending.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Reset()
    {
        foreach (var socket in _open)
        {
            socket.Close(timeout: 0); // a reset, not an orderly end
        }

        _open.Clear();
    }

    private void Listen()
    {
        if (_listener is null)
        {
            _listener = new TcpListener(IPAddress.Parse(Address), Port);
            _listener.Start();
            _work.Add(AcceptAsync(_listener));
        }
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                var client = await listener.AcceptSocketAsync(_ending.Token);
                lock (_lock)
                {
                    if (_listener != listener)
                    {
                        client.Close(timeout: 0);
                        continue;
                    }

                    _open.Add(client);
                    _work.RemoveAll(work => work.IsCompleted);
                    _work.Add(ServeAsync(client));
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException or OperationCanceledException)
            {
                return; // it listens no more
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await Task.Yield();
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            client.NoDelay = true;
            await PassingAsync();
            lock (_lock)
            {
                _open.Add(server);
            }

            await server.ConnectAsync(IPAddress.Parse(Address), Target, _ending.Token);
            await Task.WhenAll(PumpAsync(client, server, replies: false), PumpAsync(server, client, replies: true));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection ended, by either side or by this.
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(client);
                _open.Remove(server);
            }

            client.Dispose();
            server.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool replies)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _ending.Token) is var read and > 0)
            {
                if (replies)
                {
                    BreakIfArmed();
                }

                await PassingAsync();
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _ending.Token);
                }
            }

            await PassingAsync();
            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            from.Close(timeout: 0);
            to.Close(timeout: 0);
            throw;
        }
    }

    private void BreakIfArmed()
    {
        Outage? armed;
        lock (_lock)
        {
            armed = _armed;
        }

        if (armed is { } outage)
        {
            Break(outage);
        }
    }

    private Task PassingAsync()
    {
        lock (_lock)
        {
            return _passing.Task.WaitAsync(_ending.Token);
        }
    }
}
