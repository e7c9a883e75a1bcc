using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Infrastructure.Inputs;

/// <summary>How a user's file came through its check.</summary>
/// <param name="Checked">What was found.</param>
/// <param name="Spec">The checked copy; null where the file is refused, and then nothing was kept.</param>
public sealed record SpooledInput(CheckedInput Checked, RecordSpec.Spooled? Spec);

/// <summary>
/// Checks a user's file from end to end and keeps a copy of its records with the run, so that the run does not depend
/// on the file any more. The copy is whole and on disk before its name appears, and readable by its owner alone.
/// </summary>
public static class RecordSpool
{
    private const int FlushBytes = 256 * 1024;

    /// <param name="path">The user's file.</param>
    /// <param name="inputsDirectory">Where copies lie; created if need be.</param>
    /// <param name="runId">Names the copy.</param>
    /// <param name="skipBad">Whether bad lines are left out; otherwise the first one refuses the file.</param>
    /// <exception cref="InputFileException">The file cannot be used, or its copy cannot be written.</exception>
    public static Task<SpooledInput> CheckAsync(
        string path, string inputsDirectory, string runId, bool skipBad, CancellationToken cancellationToken) =>
        Task.Run(() =>
        {
            var tally = new FileTally();
            return Check(OtpFile.Read(path, tally), inputsDirectory, FileNameOf(runId), skipBad, cancellationToken, tally);
        }, cancellationToken);

    /// <summary>Keeps records that are in memory and checked, as if they had come in a file.</summary>
    /// <exception cref="InputFileException">The copy cannot be written.</exception>
    public static async Task<RecordSpec.Spooled> KeepAsync(
        IReadOnlyList<OtpRecord> records, string inputsDirectory, string runId, CancellationToken cancellationToken)
    {
        var lines = records.Select((record, i) => new OtpLine(i + 1, record, null));
        return (await Task.Run(
            () => Check(lines, inputsDirectory, FileNameOf(runId), skipBad: false, cancellationToken), cancellationToken)).Spec!;
    }

    /// <summary>Keeps a run's records for another run too.</summary>
    /// <returns>Null where they are kept no more.</returns>
    /// <exception cref="InputFileException">The copy cannot be written.</exception>
    public static Task<RecordSpec.Spooled?> KeepAgainAsync(
        RecordSpec.Spooled spec, string inputsDirectory, string runId, CancellationToken cancellationToken) =>
        Task.Run(
            async () =>
            {
                var (kept, name) = (Path.Combine(inputsDirectory, spec.FileName), FileNameOf(runId));
                FileStream? spool = null;
                try
                {
                    await using var source = new FileStream(kept, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                    spool = AtomicFile.CreateTemporary(inputsDirectory, name);
                    await source.CopyToAsync(spool, cancellationToken);
                    AtomicFile.Publish(spool, Path.Combine(inputsDirectory, name));
                    return spec with { FileName = name };
                }
                catch (FileNotFoundException) when (spool is null)
                {
                    return null;
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    throw CopyFailed(inputsDirectory, exception);
                }
                finally
                {
                    AtomicFile.Discard(spool);
                }
            },
            cancellationToken);

    /// <summary>Removes the copy of a run that needs it no more; harmless if it is gone.</summary>
    public static void Remove(RecordSpec.Spooled spec, string inputsDirectory) =>
        File.Delete(Path.Combine(inputsDirectory, spec.FileName));

    /// <summary>Removes the copy of a run, whether it had one or not.</summary>
    public static void Remove(string runId, string inputsDirectory)
    {
        if (Path.Combine(inputsDirectory, FileNameOf(runId)) is var copy && File.Exists(copy))
        {
            File.Delete(copy);
        }
    }

    private static string FileNameOf(string runId) => $"{runId}.jsonl";

    private static SpooledInput Check(
        IEnumerable<OtpLine> lines, string directory, string fileName, bool skipBad, CancellationToken cancellationToken,
        FileTally? tally = null)
    {
        FileStream? spool = null;
        try
        {
            spool = AtomicFile.CreateTemporary(directory, fileName);
            var found = Copy(lines, spool, skipBad, cancellationToken);
            if (tally is not null)
            {
                found = found with { Blank = tally.Blank };
                RequireAll(found, tally);
            }

            if (found.Good == 0 || (found.Bad > 0 && !skipBad))
            {
                return new SpooledInput(found, null);
            }

            AtomicFile.Publish(spool, Path.Combine(directory, fileName));
            return new SpooledInput(found, new RecordSpec.Spooled(fileName, found.Good, found.Distinct, found.Bad, found.Blank));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Reading fails as InputFileException: this is the copy.
            throw CopyFailed(directory, exception);
        }
        finally
        {
            AtomicFile.Discard(spool);
        }
    }

    private static InputFileException CopyFailed(string directory, Exception exception) => new(
        $"The checked copy cannot be written to '{directory}': {exception.Message.TrimEnd('.')}. Make room or name another data directory.", exception);

    /// <summary>Every line that the reader passed is a record, a bad line or blank.</summary>
    private static void RequireAll(CheckedInput found, FileTally tally)
    {
        if (found.Rows != tally.Rows)
        {
            throw new InputFileException(string.Create(
                CultureInfo.InvariantCulture,
                $"The file has {tally.Rows} rows, of which {found.Rows} were accounted for. Nothing was produced; this is a fault of the program."));
        }
    }

    private static CheckedInput Copy(
        IEnumerable<OtpLine> lines, FileStream spool, bool skipBad, CancellationToken cancellationToken)
    {
        var seen = new HashSet<UInt128>();
        var firstBad = new List<BadLine>();
        var pending = new ArrayBufferWriter<byte>(FlushBytes + LineReader.MaxLineBytes);
        using var json = new Utf8JsonWriter(pending, JsonLine.WriterOptions);
        long good = 0, bad = 0;
        foreach (var (number, record, error) in lines)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (error is not null)
            {
                bad++;
                if (firstBad.Count < CheckedInput.BadLinesKept)
                {
                    firstBad.Add(new BadLine(number, error));
                }

                continue;
            }

            good++;
            var again = !seen.Add(Fingerprint(record.Email));
            if (bad > 0 && !skipBad)
            {
                continue;
            }

            JsonLine.Write(json, record, again);
            json.Reset();
            pending.Write("\n"u8);
            if (pending.WrittenCount >= FlushBytes)
            {
                Flush();
            }
        }

        Flush();
        return new CheckedInput(good, bad, firstBad, seen.Count, good - seen.Count);

        void Flush()
        {
            spool.Write(pending.WrittenSpan);
            pending.ResetWrittenCount();
        }
    }

    /// <summary>
    /// 128 bits in place of the address: two of a million addresses share one with a probability below 10⁻²⁶, and the
    /// set takes a third of the memory.
    /// </summary>
    private static UInt128 Fingerprint(EmailAddress email) =>
        XxHash128.HashToUInt128(MemoryMarshal.AsBytes(email.Value.AsSpan()));
}
