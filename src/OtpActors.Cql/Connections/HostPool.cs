using System.Net;
using OtpActors.Cql.Protocol;

namespace OtpActors.Cql.Connections;

/// <summary>
/// The connection to one host, made again whenever it ends: after 1 s, then 2 s and so on up to the longest wait, each
/// with jitter. <see cref="Wake"/> cuts a wait short.
/// </summary>
internal sealed class HostPool : IDisposable
{
    private readonly IPEndPoint _endPoint;
    private readonly ProtocolVersion _version;
    private readonly ConnectionSettings _settings;
    private readonly Reconnection _reconnection;
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _woken = new();
    private Connection? _current;
    private long _lastAttempt;

    public HostPool(IPEndPoint endPoint, ProtocolVersion version, ConnectionSettings settings, Reconnection reconnection)
    {
        (_endPoint, _version, _settings, _reconnection) = (endPoint, version, settings, reconnection);
        _ = Task.Run(RunAsync);
    }

    /// <summary>The open connection, null while it is closed.</summary>
    public Connection? Current => Volatile.Read(ref _current) is { IsOpen: true } open ? open : null;

    /// <summary>Why it is closed.</summary>
    public Exception? LastError { get; private set; }

    /// <summary>Completes after the first attempt, however it ended.</summary>
    public Task FirstAttempt => _tried.Task;

    /// <summary>Tries to connect now, unless that was done less than the shortest wait ago.</summary>
    public void Wake()
    {
        if (_settings.Sweeper.Now - Volatile.Read(ref _lastAttempt) >= _reconnection.Shortest.TotalMilliseconds)
        {
            Volatile.Read(ref _woken).TrySetResult();
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        Volatile.Read(ref _current)?.Dispose();
    }

    private async Task RunAsync()
    {
        for (var failures = 0; !_ended.IsCancellationRequested; failures++)
        {
            try
            {
                Volatile.Write(ref _lastAttempt, _settings.Sweeper.Now);
                var closed = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
                using var connection = await Handshake.OpenAsync(_endPoint, _version, _settings, _ended.Token).ConfigureAwait(false);
                connection.OnClosed = (_, cause) => closed.TrySetResult(cause);
                Volatile.Write(ref _current, connection);
                _tried.TrySetResult();
                failures = 0;
                LastError = connection.IsOpen && !_ended.IsCancellationRequested
                    ? await closed.Task.WaitAsync(_ended.Token).ConfigureAwait(false)
                    : new ConnectionException(_endPoint, "the connection ended");
                Volatile.Write(ref _current, null);
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LastError = exception;
                _tried.TrySetResult();
            }

            await WaitAsync(_reconnection.Delay(failures)).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(TimeSpan delay)
    {
        var woken = new TaskCompletionSource();
        Volatile.Write(ref _woken, woken);
        try
        {
            await woken.Task.WaitAsync(delay, _settings.Time, _ended.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // the wait is over, or everything is
        }
    }
}
