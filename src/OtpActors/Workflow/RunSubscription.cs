using System.Threading.Channels;
using Akka.Actor;

namespace OtpActors.Workflow;

/// <summary>Follows one run from outside the actors. Only the newest state counts: a slow reader misses older ones.</summary>
/// <remarks>Can be used from any thread, by one reader at a time.</remarks>
public sealed class RunSubscription : IDisposable
{
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ActorSystem _system;
    private readonly IActorRef _listener;
    private volatile RunState? _latest;
    private volatile string? _breakage;

    public RunSubscription(ActorSystem system, string runId)
    {
        _system = system;
        _listener = system.ActorOf(Props.Create(() => new Listener(runId, this)));
        system.EventStream.Subscribe(_listener, typeof(RunNotices.Updated)); // here: nothing after this is missed
        system.EventStream.Subscribe(_listener, typeof(RunNotices.Broken));
    }

    /// <summary>The newest state heard of; null before the first.</summary>
    public RunState? Latest => _latest;

    /// <summary>What the run waits for, to go on by itself; null while it is at work.</summary>
    public string? Breakage => _breakage;

    /// <summary>Waits for news, or until the time is over, or <paramref name="cancel"/> fires; never throws.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancel)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancel);
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
                subscription._breakage = null;
                subscription._news.Writer.TryWrite(true);
            });
            Receive<RunNotices.Broken>(broken => broken.RunId == runId, broken =>
            {
                subscription._breakage = broken.Error;
                subscription._news.Writer.TryWrite(true);
            });
            ReceiveAny(_ => { }); // other runs
        }
    }
}
