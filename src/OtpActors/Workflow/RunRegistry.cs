using Akka.Actor;
using Akka.Event;
using Akka.Hosting;

namespace OtpActors.Workflow;

/// <summary>What becomes of a run whose topic is taken by another one.</summary>
public enum OverlapPolicy
{
    /// <summary>It waits for its turn.</summary>
    Wait,

    /// <summary>It is cancelled at once.</summary>
    Skip,

    /// <summary>The runs before it on the topic are cancelled.</summary>
    CancelOther,
}

/// <summary>
/// The one door for starting runs. Sees to it that a run is journaled and listed before it is promised, and that the
/// runs of one topic follow one another.
/// </summary>
public sealed class RunRegistry : ReceiveActor
{
    private readonly IActorRef _runs;
    private readonly IRunCatalog _catalog;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, string> _active = [];
    private readonly Dictionary<string, LinkedList<string>> _waiting = [];
    private readonly Dictionary<string, (IActorRef Requester, OverlapPolicy Overlap)> _requests = [];

    public RunRegistry(IActorRef runs, IRunCatalog catalog)
    {
        (_runs, _catalog) = (runs, catalog);
        Receive<Start>(start =>
        {
            _requests[start.RunId] = (Sender, start.Overlap);
            _runs.Tell(new RunCommands.Request(start.RunId, start.Spec));
        });
        Receive<Resume>(resume =>
        {
            _requests[resume.RunId] = (Sender, OverlapPolicy.Wait);
            _runs.Tell(new RunQueries.Get(resume.RunId));
        });
        Receive<ResumeAll>(_ =>
        {
            var sender = Sender;
            _catalog.UnfinishedAsync(CancellationToken.None)
                .PipeTo(Self, sender, runIds => new Unfinished(runIds));
        });
        Receive<Unfinished>(unfinished =>
        {
            foreach (var runId in unfinished.RunIds)
            {
                Self.Tell(new Resume(runId), ActorRefs.NoSender);
            }

            Sender.Tell(unfinished);
        });
        Receive<RunReplies.Accepted>(accepted => List(accepted.State));
        Receive<RunReplies.Refused>(refused => Reply(refused.RunId, refused));
        Receive<Listed>(listed => Admit(listed.State));
        Receive<RunNotices.Updated>(notice => TurnOver(notice.State));
        Receive<Status.Failure>(failure => _log.Error(failure.Cause, "The list of runs cannot be used"));
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Updated));

    /// <summary>A run that is known by its id is not started again, whatever the spec says: one trigger, one run.</summary>
    private void List(RunState state)
    {
        if (state.Spec is null)
        {
            Reply(state.RunId, new NotFound(state.RunId));
        }
        else if (_requests.ContainsKey(state.RunId))
        {
            _catalog.SaveAsync(RunSummary.Of(state)).PipeTo(
                Self, success: () => new Listed(state),
                failure: e => new RunReplies.Refused(state.RunId, $"the list of runs cannot be written: {e.Message}"));
        }
    }

    private void Admit(RunState state)
    {
        if (!state.IsTerminal && state.BeganAt is not null)
        {
            _active.TryAdd(state.Spec!.Topic, state.RunId); // it had its turn before this process did
        }
        else if (!state.IsTerminal)
        {
            Queue(state.RunId, state.Spec!.Topic);
        }

        Reply(state.RunId, new RunReplies.Accepted(state.RunId, state));
    }

    private void Queue(string runId, string topic)
    {
        var line = _waiting.TryGetValue(topic, out var known) ? known : _waiting[topic] = [];
        if (line.Contains(runId) || _active.GetValueOrDefault(topic) == runId)
        {
            return;
        }

        var overlap = _requests.GetValueOrDefault(runId).Overlap;
        if (_active.TryGetValue(topic, out var active) && overlap == OverlapPolicy.Skip)
        {
            _runs.Tell(new RunCommands.Cancel(runId, $"run {active} holds topic {topic}"));
            return;
        }

        if (active is not null && overlap == OverlapPolicy.CancelOther)
        {
            foreach (var other in line.Prepend(active))
            {
                _runs.Tell(new RunCommands.Cancel(other, $"run {runId} takes topic {topic} over"));
            }
        }

        line.AddLast(runId);
        Begin(topic);
    }

    private void TurnOver(RunState state)
    {
        if (!state.IsTerminal || state.Spec is not { Topic: var topic })
        {
            return;
        }

        if (_waiting.TryGetValue(topic, out var line))
        {
            line.Remove(state.RunId);
        }

        if (_active.GetValueOrDefault(topic) == state.RunId)
        {
            _active.Remove(topic);
            Begin(topic);
        }
    }

    private void Begin(string topic)
    {
        if (_active.ContainsKey(topic) || !_waiting.TryGetValue(topic, out var line) || line.First is not { } next)
        {
            return;
        }

        line.RemoveFirst();
        _active[topic] = next.Value;
        _runs.Tell(new RunCommands.Begin(next.Value));
    }

    private void Reply(string runId, object reply)
    {
        if (_requests.Remove(runId, out var request))
        {
            request.Requester.Tell(reply);
        }
    }

    /// <summary>
    /// Answered by <see cref="RunReplies.Accepted"/> once the run will happen, whatever happens to this process. The
    /// same id again is the same run.
    /// </summary>
    public sealed record Start(string RunId, RunSpec Spec, OverlapPolicy Overlap = OverlapPolicy.Wait);

    /// <summary>Goes on with a run; answered by <see cref="RunReplies.Accepted"/> or <see cref="NotFound"/>.</summary>
    public sealed record Resume(string RunId);

    /// <summary>Goes on with every unfinished run; answered by <see cref="Unfinished"/>.</summary>
    public sealed record ResumeAll;

    public sealed record Unfinished(IReadOnlyList<string> RunIds);

    public sealed record NotFound(string RunId);

    private sealed record Listed(RunState State);
}

public static class RunsHosting
{
    /// <summary>Adds the runs and their registry; the step actors come before.</summary>
    public static AkkaConfigurationBuilder AddRuns(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var catalog = resolver.GetService<IRunCatalog>();
            var time = resolver.GetService<TimeProvider>();
            var random = resolver.GetService<Random>();
            var steps = Steps.StepActors.From(registry);
            var runs = system.ActorOf(
                Props.Create(() => new RunsParent(
                    runId => Props.Create(() => new RunSupervisor(runId, steps, catalog, time, random)))),
                "runs");
            registry.Register<RunsParent>(runs);
            registry.Register<RunRegistry>(system.ActorOf(Props.Create(() => new RunRegistry(runs, catalog)), "run-registry"));
            CoordinatedShutdown.Get(system).AddTask(
                CoordinatedShutdown.PhaseBeforeServiceUnbind, "suspend-runs", async () =>
                {
                    await runs.Ask<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
                    return Akka.Done.Instance;
                });
        });
}
