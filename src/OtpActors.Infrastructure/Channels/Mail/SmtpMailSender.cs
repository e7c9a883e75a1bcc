using System.Threading.Channels;

namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>
/// Sends mails through a server: a queue, and workers that own a connection each. A mail is tried once; whoever calls
/// decides about a second time, by <see cref="SendResult"/>. Can be called from any thread.
/// </summary>
public sealed class SmtpMailSender : IMailSender, IAsyncDisposable
{
    private readonly SmtpOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(); // its callers bound it
    private readonly CancellationTokenSource _ending = new();
    private readonly Task[] _workers;

    /// <param name="trust">Null for the system's authorities.</param>
    public SmtpMailSender(SmtpOptions options, MailTemplate template, ServerTrust? trust, TimeProvider time)
    {
        (_options, _time) = (options, time);
        var breaker = new SmtpBreaker(options.BreakFor, time);
        _workers = [.. Enumerable.Range(0, options.Connections).Select(_ => Task.Run(
            () => WorkAsync(new SmtpConnection(options, template, trust, breaker, time))))];
    }

    public async Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken)
    {
        var job = new Job(mail, cancellationToken);
        ObjectDisposedException.ThrowIf(!_jobs.Writer.TryWrite(job), this);
        await using var waiting = cancellationToken.Register(job.GiveUp);
        return await job.Task;
    }

    /// <summary>Finishes what is queued or gives it up within seconds, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        await _ending.CancelAsync();
        await Task.WhenAll(_workers);
        _ending.Dispose();
    }

    private async Task WorkAsync(SmtpConnection connection)
    {
        await using (connection)
        {
            while (await HasWorkAsync(connection))
            {
                if (_jobs.Reader.TryRead(out var job) && job.Take())
                {
                    await job.RunAsync(connection, _ending.Token);
                }
            }
        }
    }

    /// <summary>Waits for work; a connection that lies idle for too long is closed meanwhile. False at the end.</summary>
    private async Task<bool> HasWorkAsync(SmtpConnection connection)
    {
        var work = _jobs.Reader.WaitToReadAsync();
        if (work.IsCompleted || !connection.IsConnected)
        {
            return await work;
        }

        var arrival = work.AsTask();
        using var noLonger = new CancellationTokenSource();
        if (await Task.WhenAny(arrival, Task.Delay(_options.IdleTimeout, _time, noLonger.Token)) != arrival)
        {
            await connection.CloseAsync();
        }

        await noLonger.CancelAsync();
        return await arrival;
    }

    /// <summary>One mail in the queue: taken by a worker or given up by its caller, never both.</summary>
    private sealed class Job(OtpMail mail, CancellationToken stop)
        : TaskCompletionSource<SendResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int _taken;

        public bool Take() => Interlocked.Exchange(ref _taken, 1) == 0;

        public void GiveUp()
        {
            if (Take())
            {
                SetCanceled(stop);
            }
        }

        public async Task RunAsync(SmtpConnection connection, CancellationToken ending)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, ending);
            try
            {
                SetResult(await connection.SendAsync(mail, either.Token));
            }
            catch (OperationCanceledException e)
            {
                SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                SetException(e);
            }
        }
    }
}
