using System.Text.Json;

namespace OtpActors.Infrastructure.Channels;

/// <summary>
/// Captures what would be posted to Slack: a directory with one JSON payload a message, each there once and whole.
/// </summary>
public sealed class CapturedSlackSender(string directory, SlackOptions options) : ISlackSender
{
    private const string Extension = ".json";

    public Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken) =>
        CapturedFile.WriteAsync(
            "Slack capture",
            directory,
            message.Id + Extension,
            () => SlackPayload.For(message, options).ToJson(),
            cancellationToken);

    /// <summary>A run's first texts by id, at most <paramref name="limit"/>, each with its password masked.</summary>
    /// <exception cref="NotificationException">The directory cannot be read, or a file in it is no payload.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(
        string runId, int limit, CancellationToken cancellationToken = default)
    {
        var texts = new List<string>();
        try
        {
            foreach (var path in Paths(runId).Order(StringComparer.Ordinal).Take(limit))
            {
                texts.Add(SlackPayload.Parse(await File.ReadAllBytesAsync(path, cancellationToken)).MaskedText());
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new NotificationException($"The Slack capture '{directory}' cannot be read.", exception);
        }

        return texts;
    }

    /// <summary>Removes what was captured of these runs.</summary>
    /// <exception cref="IOException">A file cannot be removed.</exception>
    public static void Remove(IReadOnlyCollection<string> runIds, string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        var runs = runIds.ToHashSet();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension).Where(path => IsOf(runs, Path.GetFileName(path))))
        {
            File.Delete(path);
        }
    }

    /// <summary>A run's id may have points in it; what follows it, store, channel and hash, has none.</summary>
    private static bool IsOf(HashSet<string> runs, string name)
    {
        var parts = name[..^Extension.Length].Split('.');
        return parts.Length > 3 && runs.Contains(string.Join('.', parts[..^3]));
    }

    private IEnumerable<string> Paths(string runId) => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory).Where(path =>
            Path.GetFileName(path).StartsWith($"{runId}.", StringComparison.Ordinal)
            && path.EndsWith(Extension, StringComparison.Ordinal))
        : [];
}
