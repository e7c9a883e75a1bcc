using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Triggers;

namespace OtpActors.CommandLine.Services;

/// <summary>A user's file whose records are sent with a request.</summary>
internal static class RecordFile
{
    /// <exception cref="UsageException">A line is wrong, or there are more than a request takes.</exception>
    /// <exception cref="InputFileException">The file cannot be read, or is no file of records.</exception>
    public static IReadOnlyList<OtpInput> Read(string file)
    {
        var records = new List<OtpInput>();
        foreach (var line in OtpFile.Read(file))
        {
            if (line.Error is { } error)
            {
                throw new UsageException($"'{file}', line {Texts.Number(line.Number)}: {error}. Nothing was sent.");
            }

            if (records.Count == RunRequests.MaxInlineRecords)
            {
                throw new UsageException(
                    $"'{file}' has more than {Texts.Number(RunRequests.MaxInlineRecords)} records. Split it; `run --from` takes files of any size.");
            }

            records.Add(new OtpInput { Email = line.Record.Email.Value, Otp = line.Record.Otp.Reveal() });
        }

        return records;
    }
}
