using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// The one door for starting runs. Sees to it that a run is journaled and listed before it is promised, and that the
/// runs of one topic follow one another.
/// </summary>
public sealed class RunRegistry : ReceiveActor
{
    /// <summary>By the ids' characters, and never by a culture, to which different ids may be equal.</summary>
    private static readonly Comparer<(DateTimeOffset RequestedAt, string RunId)> Order = Comparer<(DateTimeOffset RequestedAt, string RunId)>.Create(
        (left, right) => left.RequestedAt.CompareTo(right.RequestedAt) is not 0 and var order ? order : string.CompareOrdinal(left.RunId, right.RunId));

    private readonly IActorRef _runs;
    private readonly IRunCatalog _catalog;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, string> _active = [];
    private readonly Dictionary<string, SortedSet<(DateTimeOffset RequestedAt, string RunId)>> _waiting = [];
    private readonly Dictionary<string, Pending> _requests = [];

    /// <summary>
    /// Runs of an earlier process, until it is known which of them had their turn: nobody else is given one before.
    /// </summary>
    private readonly HashSet<string> _resuming = [];

    /// <summary>How often such a run could not be read.</summary>
    private readonly Dictionary<string, int> _unread = [];
    private int _resumed;

    public RunRegistry(IActorRef runs, IRunCatalog catalog)
    {
        (_runs, _catalog) = (runs, catalog);
        Receive<Start>(start =>
        {
            Enqueue(start.RunId, start.Overlap, promise: true);
            _runs.Tell(new RunCommands.Request(start.RunId, start.Spec));
        });
        Receive<Resume>(resume =>
        {
            Enqueue(resume.RunId, OverlapPolicy.Wait, promise: false);
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
            _resuming.UnionWith(unfinished.RunIds);
            foreach (var runId in unfinished.RunIds)
            {
                Self.Tell(new Resume(runId), ActorRefs.NoSender);
            }

            Sender.Tell(unfinished);
            _resumed = unfinished.RunIds.Count;
            TellResumed();
        });
        Receive<RetryStep>(retry =>
        {
            var sender = Sender;
            _runs.Ask<object>(new RunQueries.Get(retry.RunId)).PipeTo(
                Self, sender,
                success: reply => reply is RunReplies.Accepted known ? new RetryOf(retry, known.State) : new NotRetried(reply),
                failure: e => new NotRetried(new RunReplies.Unavailable(retry.RunId, e.Message, new RunQueries.Get(retry.RunId))));
        });
        Receive<NotRetried>(not => Sender.Tell(not.Reply));
        Receive<RetryOf>(Reopen);
        Receive<Retried>(retried =>
        {
            if (retried.Reply is not RunReplies.Accepted && _active.GetValueOrDefault(retried.Topic) == retried.RunId)
            {
                _active.Remove(retried.Topic);
                Begin(retried.Topic);
            }

            retried.Requester.Tell(retried.Reply);
        });
        Receive<RunReplies.Accepted>(accepted => List(accepted.State));
        Receive<RunReplies.Refused>(refused => Reply(refused.RunId, refused));
        Receive<Listed>(listed =>
        {
            if (_requests.GetValueOrDefault(listed.State.RunId) == listed.Request)
            {
                Admit(listed.State, listed.Request);
            }
        });
        Receive<RunNotices.Updated>(notice => Rotate(notice.State));
        Receive<RunReplies.Unavailable>(Wait);
        Receive<Status.Failure>(failure =>
        {
            _log.Error(failure.Cause, "The list of runs cannot be read");
            Sender.Tell(failure);
        });
    }

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Updated));
    }

    private void Enqueue(string runId, OverlapPolicy overlap, bool promise)
    {
        if (!_requests.TryGetValue(runId, out var request))
        {
            _requests[runId] = request = new Pending(overlap);
        }

        request.IsPromise |= promise;
        request.Requesters.Add(Sender);
    }

    /// <summary>A run that is known by its id is not started again, whatever the spec says: one trigger, one run.</summary>
    private void List(RunState state)
    {
        _unread.Remove(state.RunId);
        if (state.Spec is null)
        {
            Reply(state.RunId, new NotFound(state.RunId));
        }
        else if (_requests.TryGetValue(state.RunId, out var request))
        {
            var (summary, news, promise) = (RunSummary.From(state), Context.System.EventStream, request.IsPromise);
            _catalog.SaveAsync(summary).PipeTo(
                Self,
                success: () => new Listed(state, request),
                failure: e =>
                {
                    var error = $"the list of runs cannot be written: {e.Message}";
                    if (promise)
                    {
                        return new RunReplies.Unavailable(state.RunId, error, new RunCommands.Request(state.RunId, state.Spec));
                    }

                    news.Publish(new RunNotices.Unlisted(summary, error));
                    return new Listed(state, request);
                });
        }
    }

    /// <summary>
    /// What nobody has been promised is refused; a turn that was given, and the runs of an earlier process, wait for the journal.
    /// </summary>
    private void Wait(RunReplies.Unavailable unavailable)
    {
        var runId = unavailable.RunId;
        switch (unavailable.Message)
        {
            case RunCommands.Begin or RunCommands.Cancel:
                _runs.Tell(new RunsParent.Insist(unavailable.Message));
                break;
            case RunQueries.Get when _resuming.Contains(runId) || _unread.ContainsKey(runId):
                if ((_unread[runId] = _unread.GetValueOrDefault(runId) + 1) == TriesToRead)
                {
                    _log.Error("Run {RunId} cannot be read; other runs are not held up for it any more: {Error}", runId, unavailable.Reason);
                    Reply(runId, unavailable);
                    Enqueue(runId, OverlapPolicy.Wait, promise: false);
                }

                _runs.Tell(new RunsParent.Insist(unavailable.Message));
                break;
            default:
                Reply(runId, unavailable);
                break;
        }
    }

    private void Admit(RunState state, Pending request)
    {
        if (request.Over || state.IsTerminal)
        {
            // it ended while it was listed, or long ago: it needs no turn
        }
        else if (state.BeganAt is not null)
        {
            _active.TryAdd(state.Spec!.Topic, state.RunId); // it had its turn before this process did
        }
        else
        {
            Queue(state, request.Overlap);
        }

        Reply(state.RunId, new RunReplies.Accepted(state.RunId, state));
    }

    /// <summary>A run that ended gave its turn back: it is opened again only where nobody else has it.</summary>
    private void Reopen(RetryOf retry)
    {
        var (runId, requester) = (retry.Asked.RunId, Sender);
        var command = new RunCommands.RetryStep(runId, retry.Asked.Step);
        if (retry.State.Spec is not { Topic: var topic })
        {
            requester.Tell(new NotFound(runId));
        }
        else if (!retry.State.IsTerminal)
        {
            _runs.Tell(command, requester);
        }
        else if (!_active.TryAdd(topic, runId))
        {
            requester.Tell(new RunReplies.Refused(runId, $"run {_active[topic]} holds topic {topic}: retry when it is over"));
        }
        else
        {
            _runs.Ask<object>(command).PipeTo(
                Self, ActorRefs.NoSender,
                success: reply => new Retried(runId, topic, reply, requester),
                failure: e => new Retried(runId, topic, new RunReplies.Unavailable(runId, e.Message, command), requester));
        }
    }

    private void Queue(RunState state, OverlapPolicy overlap)
    {
        var (runId, topic) = (state.RunId, state.Spec!.Topic);
        var line = _waiting.TryGetValue(topic, out var known) ? known : _waiting[topic] = new(Order);
        if (line.Contains(Place(state)) || _active.GetValueOrDefault(topic) == runId)
        {
            return;
        }

        if (_active.TryGetValue(topic, out var active) && overlap == OverlapPolicy.Skip)
        {
            _runs.Tell(new RunsParent.Insist(new RunCommands.Cancel(runId, $"run {active} holds topic {topic}")));
            return;
        }

        if (active is not null && overlap == OverlapPolicy.CancelOther)
        {
            foreach (var other in line.Select(place => place.RunId).Prepend(active))
            {
                _runs.Tell(new RunsParent.Insist(new RunCommands.Cancel(other, $"run {runId} takes topic {topic} over")));
            }

            line.Clear();
        }

        line.Add(Place(state));
        Begin(topic);
    }

    private void Rotate(RunState state)
    {
        if (state.Spec is not { Topic: var topic })
        {
            return;
        }

        if (!state.IsTerminal)
        {
            if (state.BeganAt is not null)
            {
                _active.TryAdd(topic, state.RunId); // opened again by a retry whose answer was lost, or read late
            }

            return;
        }

        if (_requests.TryGetValue(state.RunId, out var request))
        {
            request.Over = true;
        }

        if (_waiting.TryGetValue(topic, out var line))
        {
            line.Remove(Place(state));
        }

        if (_active.GetValueOrDefault(topic) == state.RunId)
        {
            _active.Remove(topic);
            Begin(topic);
        }
    }

    private void Begin(string topic)
    {
        if (_resuming.Count > 0 || _active.ContainsKey(topic) || !_waiting.TryGetValue(topic, out var line) || line.Count == 0)
        {
            return;
        }

        var next = line.Min;
        line.Remove(next);
        _active[topic] = next.RunId;
        _runs.Tell(new RunsParent.Insist(new RunCommands.Begin(next.RunId)));
    }

    private void Reply(string runId, object reply)
    {
        if (_requests.Remove(runId, out var request))
        {
            request.Requesters.ForEach(requester => requester.Tell(reply));
        }

        if (_resuming.Remove(runId) && _resuming.Count == 0)
        {
            foreach (var topic in _waiting.Keys)
            {
                Begin(topic);
            }

            TellResumed();
        }
    }

    private void TellResumed()
    {
        if (_resuming.Count == 0)
        {
            Context.System.EventStream.Publish(new RunNotices.Resumed(_resumed));
        }
    }

    /// <summary>Beyond this many a run of an earlier process that cannot be read, though the journal can, holds up nobody.</summary>
    private const int TriesToRead = 5;

    /// <summary>The oldest request comes first.</summary>
    private static (DateTimeOffset RequestedAt, string RunId) Place(RunState state) => (state.RequestedAt!.Value, state.RunId);

    /// <summary>
    /// Answered by <see cref="RunReplies.Accepted"/> once the run will happen, whatever happens to this process. The
    /// same id again is the same run.
    /// </summary>
    public sealed record Start(string RunId, RunSpec Spec, OverlapPolicy Overlap = OverlapPolicy.Wait);

    /// <summary>
    /// One more attempt of a step, also of a run that has ended; answered by <see cref="RunReplies.Accepted"/>,
    /// <see cref="RunReplies.Refused"/> or <see cref="NotFound"/>.
    /// </summary>
    public sealed record RetryStep(string RunId, StepId Step);

    /// <summary>Goes on with a run; answered by <see cref="RunReplies.Accepted"/> or <see cref="NotFound"/>.</summary>
    public sealed record Resume(string RunId);

    /// <summary>Goes on with every unfinished run; answered by <see cref="Unfinished"/>.</summary>
    public sealed record ResumeAll;

    public sealed record Unfinished(IReadOnlyList<string> RunIds);

    public sealed record NotFound(string RunId);

    private sealed record RetryOf(RetryStep Asked, RunState State);

    private sealed record NotRetried(object Reply);

    private sealed record Retried(string RunId, string Topic, object Reply, IActorRef Requester);

    private sealed record Listed(RunState State, Pending Request);

    /// <summary>Who waits for an answer about a run.</summary>
    private sealed class Pending(OverlapPolicy overlap)
    {
        public OverlapPolicy Overlap => overlap;

        public List<IActorRef> Requesters { get; } = [];

        /// <summary>Whether somebody is to be promised that the run will happen.</summary>
        public bool IsPromise { get; set; }

        /// <summary>Whether the run has ended meanwhile.</summary>
        public bool Over { get; set; }
    }
}
