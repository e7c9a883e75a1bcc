using System.Text.Json;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Api;

/// <summary>
/// <c>service.json</c> in the data directory: how the command line of the same user reaches the service that runs on it. It is
/// there from the moment the service listens to its orderly end; a process that is killed leaves it behind, and the next start
/// removes it.
/// </summary>
/// <param name="Url">Where the service listens, as it can be reached on this machine.</param>
/// <param name="Key">The key of this start of the service, for connections from this machine.</param>
/// <param name="ProcessId">The service's process.</param>
public sealed record ServiceFile(string Url, string Key, int ProcessId)
{
    public const string Name = "service.json";

    private const int MaxBytes = 16 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The file's text, key included, is for the file alone.</summary>
    public override string ToString() => $"{Url}, process {ProcessId}";

    /// <summary>Puts the file in place: whole, and readable by its owner alone (mode 600) from the beginning.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string directory)
    {
        var file = AtomicFile.CreateTemporary(directory, Name);
        try
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(this, Json));
            AtomicFile.Publish(file, Path.Combine(directory, Name));
        }
        finally
        {
            AtomicFile.Discard(file);
        }
    }

    public static void Remove(string directory) => File.Delete(Path.Combine(directory, Name));

    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="DataDirectoryException">It is there and cannot be read, or is damaged.</exception>
    public static ServiceFile? Read(string directory)
    {
        var path = Path.Combine(directory, Name);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var file = stream.Length <= MaxBytes ? JsonSerializer.Deserialize<ServiceFile>(stream, Json) : null;
            return file is { Url: not null, Key: not null } && Uri.TryCreate(file.Url, UriKind.Absolute, out _)
                ? file
                : throw new JsonException();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            throw new DataDirectoryException($"{path} is damaged: restart the service, or name it with --server URL");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new DataDirectoryException(
                $"{path} cannot be read by this user: run the command as the service's user, or name the service with --server URL and a key", e);
        }
    }
}
