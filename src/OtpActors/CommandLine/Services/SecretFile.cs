using System.Text;

namespace OtpActors.CommandLine.Services;

/// <summary>A password that a command takes: out of a file or standard input, never out of its arguments, which others can see.</summary>
internal static class SecretFile
{
    private const int MaxLength = 1_000;

    /// <summary>The first line, without its end.</summary>
    /// <param name="option">The option that names the file.</param>
    /// <param name="path"><c>-</c> for standard input.</param>
    /// <exception cref="UsageException">The file cannot be read, or holds more than a password.</exception>
    public static async Task<string> ReadAsync(string option, string path, CancellationToken cancellationToken)
    {
        if (path == "-")
        {
            return await ReadAsync(option, "standard input", Console.In, cancellationToken);
        }

        try
        {
            using var reader = new StreamReader(path, Encoding.UTF8);
            return await ReadAsync(option, path, reader, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{option}: {path} cannot be read: {e.Message}");
        }
    }

    private static async Task<string> ReadAsync(string option, string source, TextReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[MaxLength + 2];
        var text = new string(buffer, 0, await reader.ReadBlockAsync(buffer, cancellationToken));
        var line = text.Split('\n')[0].TrimEnd('\r');
        return line.Length is > 0 and <= MaxLength
            ? line
            : throw new UsageException($"{option}: {source} must hold a password in its first line.");
    }
}
