namespace OtpActors.Infrastructure.Journal;

/// <summary>The rows that a journal keeps of runs whose events are deleted, so as to know their last number.</summary>
public interface IRunJournal
{
    /// <summary>Removes those rows; never an event that is not deleted.</summary>
    Task PurgeAsync(IReadOnlyCollection<string> runIds);
}
