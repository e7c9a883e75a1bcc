using System.Threading.Channels;
using Akka.Actor;
using OtpActors.Workflow;

namespace OtpActors.CommandLine;

/// <summary>Follows one run from outside the actors. Only the newest state counts: a slow reader misses older ones.</summary>
internal sealed class RunWatch
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile RunState? _latest;
    private volatile string? _breakage;

    public RunState? Latest => _latest;

    /// <summary>Why the run cannot go on in this process; null while it can.</summary>
    public string? Breakage => _breakage;

    public static RunWatch Start(ActorSystem system, string runId)
    {
        var watch = new RunWatch();
        system.ActorOf(Props.Create(() => new Listener(runId, watch)), "run-watch");
        return watch;
    }

    /// <summary>
    /// Shows each new state, and the last one again several times a second for what counts time, until the run is over,
    /// broken, or <paramref name="cancel"/> fires.
    /// </summary>
    public async Task<RunState> FollowAsync(RunState state, Action<RunState> show, CancellationToken cancel)
    {
        while (true)
        {
            state = _latest ?? state;
            show(state);
            if (state.IsTerminal || _breakage is not null || cancel.IsCancellationRequested)
            {
                return state;
            }

            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            pause.CancelAfter(Refresh);
            try
            {
                await _news.Reader.ReadAsync(pause.Token);
            }
            catch (OperationCanceledException)
            {
                // time to look again
            }
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(string runId, RunWatch watch)
        {
            Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Updated));
            Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Broken));
            Receive<RunNotices.Updated>(updated => updated.State.RunId == runId, updated =>
            {
                watch._latest = updated.State;
                watch._news.Writer.TryWrite(true);
            });
            Receive<RunNotices.Broken>(broken => broken.RunId == runId, broken =>
            {
                watch._breakage = broken.Error;
                watch._news.Writer.TryWrite(true);
            });
            ReceiveAny(_ => { }); // other runs
        }
    }
}
