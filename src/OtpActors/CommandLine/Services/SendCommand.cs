using System.CommandLine;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine.Services;

/// <summary><c>command [FILE]</c>: puts a command, a run request as JSON, into the service's command topic.</summary>
internal static class SendCommand
{
    /// <summary>More than any service takes.</summary>
    private const int MaxBytes = 256 * 1024 * 1024;

    public static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "A file with the command as JSON, as the body of POST /api/runs; it may say notAfter. [default: standard input]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var key = new Option<string?>("--idempotency-key")
        {
            Description = "Your own name for this command: with the same one it is put into the topic once, however often it is sent.",
            HelpName = "KEY",
        };
        return ServiceVerb.Create(
            "command", "Puts a command into the service's command topic. The service starts its run when it reads it there.", [file, key],
            async call =>
            {
                var json = await ReadAsync(call.Parsed.GetValue(file), call.Cancel);
                var sent = await call.Client.SendCommandAsync(json, call.Parsed.GetValue(key), call.Cancel);
                return call.Show(sent, screen => screen.WriteText(TextWidth.Clean(
                    $"command {(sent.Again ? "sent before, under the same key: " : "")}{sent.Topic}/{sent.Partition}@{sent.Offset}, run {sent.RunId}")));
            }).WithExamples("command run.json", "command run.json --idempotency-key monday --json");
    }

    /// <exception cref="UsageException">The file cannot be read.</exception>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(string? file, CancellationToken cancellationToken)
    {
        var source = file is null or "-" ? "standard input" : $"'{file}'";
        try
        {
            await using var stream = file is null or "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using var bytes = new MemoryStream();
            var buffer = new byte[64 * 1024];
            while (await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
            {
                if (bytes.Length + read > MaxBytes)
                {
                    throw new UsageException($"{source} is larger than any command: at most 256 MiB are read.");
                }

                bytes.Write(buffer, 0, read);
            }

            var json = bytes.ToArray().AsMemory();
            return json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json; // the mark that some editors put before UTF-8
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{source} cannot be read: {e.Message}");
        }
    }
}
