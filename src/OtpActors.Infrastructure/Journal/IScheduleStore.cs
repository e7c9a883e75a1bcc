using OtpActors.Domain.Schedules;

namespace OtpActors.Infrastructure.Journal;

/// <summary>Keeps schedules across processes. What is saved is durable when the task completes; one writer at a time.</summary>
public interface IScheduleStore
{
    /// <summary>All schedules; the very first time these are put in before.</summary>
    Task<IReadOnlyList<ScheduleState>> OpenAsync(IReadOnlyList<ScheduleState> first);

    Task SaveAsync(ScheduleState state);

    Task DeleteAsync(string name);

    /// <summary>Takes note of an alert.</summary>
    /// <returns>Whether it is the first of this key, in this process or an earlier one.</returns>
    Task<bool> NoteAlertAsync(string key, DateTimeOffset at);
}
