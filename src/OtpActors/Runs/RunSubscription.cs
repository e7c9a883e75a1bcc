using System.Threading.Channels;
using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>Follows one run from outside the actors. Only the newest state counts: a slow reader misses older ones.</summary>
/// <remarks>Can be used from any thread, by one reader at a time.</remarks>
public sealed class RunSubscription : IDisposable
{
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ActorSystem _system;
    private readonly JournalStatus _journal;
    private readonly string _runId;
    private readonly IActorRef _listener;
    private volatile RunState? _latest;

    public RunSubscription(ActorSystem system, JournalStatus journal, string runId)
    {
        (_system, _journal, _runId) = (system, journal, runId);
        _listener = system.ActorOf(Props.Create(() => new Listener(runId, this)));
        system.EventStream.Subscribe(_listener, typeof(RunNotices.Updated)); // here: nothing after this is missed
        system.EventStream.Subscribe(_listener, typeof(RunNotices.HoldChanged));
    }

    /// <summary>The newest state heard of; null before the first.</summary>
    public RunState? Latest => _latest;

    /// <summary>Why the run broke off, to go on by itself; null while it is at work.</summary>
    public string? Breakage => _journal.BreakageOf(_runId)?.Error;

    /// <summary>What the whole run waits for; null while it is at work. A change of it is news.</summary>
    public StepHold? Hold => _journal.HoldOf(_runId);

    /// <summary>Waits for news, or until the time is over, or <paramref name="cancellationToken"/> fires; never throws.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        pause.CancelAfter(atMost);
        try
        {
            await _news.Reader.ReadAsync(pause.Token);
        }
        catch (OperationCanceledException)
        {
            // time to look again
        }
    }

    public void Dispose() => _system.Stop(_listener);

    private sealed class Listener : ReceiveActor
    {
        public Listener(string runId, RunSubscription subscription)
        {
            Receive<RunNotices.Updated>(updated => updated.State.RunId == runId, updated =>
            {
                subscription._latest = updated.State;
                subscription._news.Writer.TryWrite(true);
            });
            Receive<RunNotices.HoldChanged>(changed => changed.RunId == runId, _ => subscription._news.Writer.TryWrite(true));
            ReceiveAny(_ => { }); // other runs
        }
    }
}
