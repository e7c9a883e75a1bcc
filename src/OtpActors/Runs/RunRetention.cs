using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Removes runs that ended long ago, or that many others have ended after, at the start and once an hour: what their
/// journal holds, what belongs to them elsewhere (<see cref="IRunArtifacts"/>), and last their line in the list, so that
/// what is cut short is found again. A run that goes on is never touched: the run itself decides.
/// </summary>
/// <remarks>
/// One small batch after the other; each run deletes its own journal, as short as a step's write, so that nobody waits
/// for it.
/// </remarks>
public sealed class RunRetention : ReceiveActor, IWithTimers
{
    internal const int BatchSize = 50;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>The list keeps times to the millisecond, runs more exactly.</summary>
    private static readonly TimeSpan ListedTo = TimeSpan.FromMilliseconds(1);

    private readonly IActorRef _runs;
    private readonly IRunCatalog _catalog;
    private readonly IRunArtifacts _remains;
    private readonly TimeSpan? _age;
    private readonly int? _count;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private long _removed;
    private bool _sweeping;

    /// <param name="age">Runs that ended longer ago are removed; null for none.</param>
    /// <param name="count">Of the runs that ended, the newest this many are kept; null for all.</param>
    public RunRetention(IActorRef runs, IRunCatalog catalog, IRunArtifacts remains, TimeSpan? age, int? count, TimeProvider time)
    {
        (_runs, _catalog, _remains, _age, _count, _time) = (runs, catalog, remains, age, count, time);
        Receive<Sweep>(_ =>
        {
            if (!_sweeping)
            {
                (_sweeping, _removed) = (true, 0);
                Next(null);
            }
        });
        Receive<Swept>(batch =>
        {
            _removed += batch.Removed;
            if (batch.Last is { } last)
            {
                Next(last);
                return;
            }

            if (_removed > 0)
            {
                _log.Info("{Count} past run(s) are removed", _removed);
            }

            End();
        });
        Receive<Status.Failure>(failure =>
        {
            _log.Warning(failure.Cause, "Past runs are not removed now; {Count} are", _removed);
            End();
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_age is not null || _count is not null)
        {
            Self.Tell(Sweep.Instance);
            Timers.StartPeriodicTimer(Sweep.Instance, Sweep.Instance, Interval);
        }
    }

    private void Next(EndedRun? after) => RemoveAsync(after).PipeTo(Self);

    private void End()
    {
        _sweeping = false;
        Context.System.EventStream.Publish(new RunNotices.Removed(_removed));
    }

    /// <summary>Off the actor: touches none of its fields that change.</summary>
    private async Task<Swept> RemoveAsync(EndedRun? after)
    {
        var ended = await _catalog.ExpiredAsync(
            new RunExpiry(BatchSize, _time.GetUtcNow() - _age, _count, after), CancellationToken.None);
        var answers = await Task.WhenAll(ended.Select(ForgetAsync));
        var forgotten = answers.OfType<RunDeleted>().Select(run => run.RunId).ToList();
        if (forgotten.Count > 0)
        {
            await _remains.RemoveAsync(forgotten);
            await _catalog.RemoveAsync(forgotten);
        }

        return new Swept(forgotten.Count, ended.Count < BatchSize ? null : ended[^1]);
    }

    /// <summary>A run that does not answer, because its journal cannot be read, keeps nobody else from going.</summary>
    private async Task<object> ForgetAsync(EndedRun run)
    {
        try
        {
            return await _runs.Ask<object>(new ForgetRun(run.RunId, run.EndedAt + ListedTo));
        }
        catch (AskTimeoutException)
        {
            return new RunKept(run.RunId);
        }
    }

    private sealed record Sweep
    {
        public static readonly Sweep Instance = new();
    }

    /// <param name="Last">Null where nothing comes after it.</param>
    private sealed record Swept(int Removed, EndedRun? Last);
}

public static class RunRetentionHosting
{
    /// <summary>Removes past runs as the settings say; the runs come before.</summary>
    public static AkkaConfigurationBuilder AddRunRetention(this AkkaConfigurationBuilder builder, WorkflowOptions options) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var runs = registry.Get<RunsParent>();
            var (catalog, remains) = (resolver.GetService<IRunCatalog>(), resolver.GetService<IRunArtifacts>());
            var time = resolver.GetService<TimeProvider>();
            system.ActorOf(
                Props.Create(() => new RunRetention(runs, catalog, remains, options.Retention, options.RetainedRuns, time)),
                "run-retention");
        });
}
