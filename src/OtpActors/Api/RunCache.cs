using Akka.Actor;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Api;

/// <summary>
/// The newest journaled states of the runs last heard of, so that looking at one neither waits behind what the journal has
/// to write nor reads it again. A run's version tells which state is newer: what is shown never goes back.
/// </summary>
/// <remarks>Can be called from any thread.</remarks>
internal sealed class RunCache
{
    /// <summary>Runs that are kept; those that were longest not heard of and not asked for make room.</summary>
    private const int Capacity = 500;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<RunState>> _known = new(StringComparer.Ordinal);
    private readonly LinkedList<RunState> _order = new();

    public RunCache(ActorSystem system)
    {
        var listener = system.ActorOf(Props.Create(() => new Listener(this)), "run-cache");
        system.EventStream.Subscribe(listener, typeof(RunNotices.Updated)); // here: nothing after this is missed
        system.EventStream.Subscribe(listener, typeof(RunNotices.Removed));
    }

    public RunState? Find(string runId)
    {
        lock (_lock)
        {
            if (!_known.TryGetValue(runId, out var node))
            {
                return null;
            }

            _order.Remove(node);
            _order.AddLast(node);
            return node.Value;
        }
    }

    /// <summary>Keeps the state unless a newer one is known.</summary>
    /// <returns>The newer one.</returns>
    public RunState Put(RunState state)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(state.RunId, out var node))
            {
                node.Value = state.Version >= node.Value.Version ? state : node.Value;
                _order.Remove(node);
                _order.AddLast(node);
                return node.Value;
            }

            _known[state.RunId] = _order.AddLast(state);
            if (_known.Count > Capacity)
            {
                _known.Remove(_order.First!.Value.RunId);
                _order.RemoveFirst();
            }

            return state;
        }
    }

    /// <summary>What was removed is not shown any more; what is still there is read again.</summary>
    private void Clear()
    {
        lock (_lock)
        {
            _known.Clear();
            _order.Clear();
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(RunCache cache)
        {
            Receive<RunNotices.Updated>(updated => cache.Put(updated.State));
            Receive<RunNotices.Removed>(_ => cache.Clear());
        }
    }
}
