using System.Security.Cryptography;

namespace OtpActors.Domain.Records;

/// <summary>
/// Where a run's records come from, as data that is kept with the run: opening the same spec again gives the same
/// records in the same order, whatever happened in between.
/// </summary>
public abstract record RecordSpec
{
    private RecordSpec() { }

    /// <summary>How many records there are.</summary>
    public abstract long Count { get; init; }

    /// <summary>One record, <paramref name="Count"/> times, <paramref name="Interval"/> apart (the tutorial's producer).</summary>
    public sealed record Sample(OtpRecord Record, TimeSpan Interval, long Count) : RecordSpec
    {
        public override long Count { get; init; } = Count;
    }

    /// <summary>Distinct generated addresses with random passwords, both a function of <paramref name="Seed"/>.</summary>
    /// <param name="Seed">32 random bytes in hexadecimal; a secret, since the passwords follow from it.</param>
    public sealed record Generated(long Count, string Seed) : RecordSpec
    {
        public override long Count { get; init; } = Count;

        public static string NewSeed() => RandomNumberGenerator.GetHexString(64, lowercase: true);

        public override string ToString() => $"Generated {{ Count = {Count} }}";
    }

    /// <summary>The checked copy of a user's file (<c>RecordSpool</c>), in the data directory.</summary>
    /// <param name="FileName">The copy's name in the inputs directory, without a path.</param>
    /// <param name="Distinct">How many different addresses it has.</param>
    /// <param name="BadLines">Lines of the user's file that were left out.</param>
    /// <param name="BlankLines">Lines of the user's file without anything.</param>
    public sealed record Spooled(string FileName, long Count, long Distinct, long BadLines = 0, long BlankLines = 0) : RecordSpec
    {
        public override long Count { get; init; } = Count;
    }
}

/// <summary>A run's records, opened.</summary>
public interface IRecordSource
{
    /// <summary>The records from <paramref name="from"/> on. Reads lazily: memory does not grow with the count.</summary>
    IEnumerable<SourceRecord> Read(long from = 0);
}

/// <param name="Sequence">The record's place in the run, from 0.</param>
/// <param name="Repeated">Whether an earlier record of the run has the same address.</param>
public readonly record struct SourceRecord(long Sequence, OtpRecord Record, bool Repeated);

public static class RecordSourceExtensions
{
    /// <summary>The run's different addresses, in the order of their first records.</summary>
    public static IEnumerable<EmailAddress> Addresses(this IRecordSource source) =>
        source.Read().Where(record => !record.Repeated).Select(record => record.Record.Email);
}
