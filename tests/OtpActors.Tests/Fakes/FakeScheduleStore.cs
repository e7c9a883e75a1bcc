using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Tests.Fakes;

/// <summary>Schedules in memory, which outlive the actor; saves can be made to fail.</summary>
internal sealed class FakeScheduleStore : IScheduleStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ScheduleState> _schedules = [];
    private readonly HashSet<string> _alerts = [];
    private bool _opened;

    /// <summary>What reading and writing wait for, or throw.</summary>
    public Func<Task> Gate { get; set; } = () => Task.CompletedTask;

    public ScheduleState? this[string name]
    {
        get
        {
            lock (_lock)
            {
                return _schedules.GetValueOrDefault(name);
            }
        }
    }

    public async Task<IReadOnlyList<ScheduleState>> OpenAsync(IReadOnlyList<ScheduleState> first)
    {
        await Gate();
        lock (_lock)
        {
            foreach (var state in _opened ? [] : first)
            {
                _schedules[state.Name] = state;
            }

            _opened = true;
            return [.. _schedules.Values.OrderBy(state => state.Name, StringComparer.Ordinal)];
        }
    }

    public async Task SaveAsync(ScheduleState state)
    {
        await Gate();
        lock (_lock)
        {
            _schedules[state.Name] = state;
        }
    }

    public async Task DeleteAsync(string name)
    {
        await Gate();
        lock (_lock)
        {
            _schedules.Remove(name);
        }
    }

    public async Task<bool> NoteAlertAsync(string key, DateTimeOffset at)
    {
        await Gate();
        lock (_lock)
        {
            return _alerts.Add(key);
        }
    }
}
