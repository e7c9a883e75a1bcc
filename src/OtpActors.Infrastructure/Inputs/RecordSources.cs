using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Infrastructure.Inputs;

/// <summary>Opens what a <see cref="RecordSpec"/> describes.</summary>
public static class RecordSources
{
    /// <param name="spec">The run's records.</param>
    /// <param name="inputsDirectory">Where the checked copies of users' files lie.</param>
    /// <exception cref="InputFileException">When read: the copy is missing, too short or damaged.</exception>
    public static IRecordSource Open(RecordSpec spec, string inputsDirectory)
    {
        switch (spec)
        {
            case RecordSpec.Sample sample:
                return new SampleRecords(sample);
            case RecordSpec.Generated generated:
                return new GeneratedRecords(generated);
            case RecordSpec.Spooled spooled:
                AtomicFile.RequirePlainName(spooled.FileName);
                return new SpooledRecords(spooled, Path.Combine(inputsDirectory, spooled.FileName));
            default:
                throw new ArgumentException($"No source for {spec.GetType().Name}.", nameof(spec));
        }
    }

    private sealed class SampleRecords(RecordSpec.Sample spec) : IRecordSource
    {
        public IEnumerable<SourceRecord> Read(long from = 0)
        {
            for (var sequence = from; sequence < spec.Count; sequence++)
            {
                yield return new SourceRecord(sequence, spec.Record, Repeated: sequence > 0);
            }
        }
    }

    private sealed class SpooledRecords(RecordSpec.Spooled spec, string path) : IRecordSource
    {
        public IEnumerable<SourceRecord> Read(long from = 0)
        {
            using var stream = Open();
            var lines = new LineReader(stream);
            for (long sequence = 0; sequence < spec.Count; sequence++)
            {
                if (!lines.Read())
                {
                    throw Lost($"ends after {sequence} of {spec.Count} records");
                }

                if (sequence < from)
                {
                    continue;
                }

                if (JsonLine.Parse(lines.Line.Span, out var record, out var again) is not null)
                {
                    throw Lost($"is damaged in line {sequence + 1}");
                }

                yield return new SourceRecord(sequence, record, again);
            }
        }

        private FileStream Open()
        {
            try
            {
                return LineReader.Open(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Lost(exception is FileNotFoundException or DirectoryNotFoundException
                    ? "is not there any more" : "cannot be read", exception);
            }
        }

        private InputFileException Lost(string what, Exception? cause = null) =>
            new($"The run's copy of its records, '{path}', {what}. Start a new run from the original file.", cause);
    }
}
