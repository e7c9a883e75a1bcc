using System.Collections.Concurrent;
using System.Net;
using OtpActors.Api;
using OtpActors.Client;

namespace OtpActors.CommandLine.Services;

/// <summary>
/// Follows a run of a service in a view, from where it is to its end. A connection that is lost is made again, to a service that
/// was restarted too, and goes on behind the last event.
/// </summary>
/// <param name="connect">Gives the service; <c>true</c> where it is to be looked for again.</param>
internal sealed class RunFollower(Func<bool, ServiceClient> connect, IRunView view, TimeProvider time)
{
    /// <summary>How long a service that is gone is looked for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<string> _said = [];
    private volatile RunProgress? _latest;
    private long? _after;

    /// <summary>The newest that is known of the run.</summary>
    public RunProgress? Latest => _latest;

    /// <summary>Shows each change, and the last one again several times a second for what counts time, until the run is over.</summary>
    /// <exception cref="ServiceException">The service is gone for longer than it is looked for, or refuses.</exception>
    public async Task FollowAsync(RunDocument run, CancellationToken cancellationToken)
    {
        _latest = RunProgress.From(run);
        var reading = ReadAsync(run.RunId, cancellationToken);
        while (!reading.IsCompleted)
        {
            Show();
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(reading, Task.Delay(Refresh, time, pause.Token));
            await pause.CancelAsync();
        }

        Show();
        await reading;
    }

    private void Show()
    {
        while (_said.TryDequeue(out var text))
        {
            view.Say(text);
        }

        view.Show(_latest!);
    }

    private async Task ReadAsync(string id, CancellationToken cancellationToken)
    {
        long? lostAt = null;
        while (true)
        {
            try
            {
                var service = connect(lostAt is not null);
                await foreach (var each in service.FollowRunAsync(id, _after, cancellationToken))
                {
                    if (lostAt is not null)
                    {
                        lostAt = null;
                        _said.Enqueue("The service is back.");
                    }

                    Take(each);
                }

                if (!_latest!.IsOver)
                {
                    _latest = RunProgress.From(await service.GetRunAsync(id, cancellationToken)); // it was over before, or the service is about to stop
                }

                if (_latest.IsOver)
                {
                    return;
                }
            }
            catch (ServiceException e) when (MayPass(e) && (lostAt is null || time.GetElapsedTime(lostAt.Value) < Patience))
            {
                if (lostAt is null)
                {
                    _said.Enqueue($"{e.Reason} The run is in its journal; the service is looked for again for {Texts.Roughly(Patience)}.");
                }

                lostAt ??= time.GetTimestamp();
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private void Take(RunEvent e)
    {
        if (e is RunEvent.Happened { Fact: var fact })
        {
            _after = fact.Id;
        }
        else if (e is RunEvent.Progressed { Progress: var progress } && progress.Version >= _latest!.Version)
        {
            _latest = progress;
        }
    }

    private static bool MayPass(ServiceException e) =>
        e.Fault is ServiceFault.Absent or ServiceFault.Unreachable or ServiceFault.TimedOut
        || e.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests;
}
