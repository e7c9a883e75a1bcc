namespace OtpActors.Infrastructure.Storage.Files;

/// <summary>
/// Files that appear under their name whole or not at all, readable by their owner alone. Their bytes are on disk
/// before the name is; the name itself is as durable as the file system's own renames. What an interrupted write leaves
/// behind ends in <see cref="TemporarySuffix"/> and is never read.
/// </summary>
public static class AtomicFile
{
    public const string TemporarySuffix = ".tmp";

    /// <summary>A move that must not overwrite looks first and renames then: without this two writers could both win.</summary>
    private static readonly Lock Naming = new();

    /// <summary>Opens a new temporary file for <paramref name="name"/>, creating the directory if need be.</summary>
    /// <param name="directory">Where the file is to appear.</param>
    /// <param name="name">The final name, without a path.</param>
    public static FileStream CreateTemporary(string directory, string name)
    {
        RequirePlainName(name);
        Directory.CreateDirectory(directory);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Combine(directory, $".{name}.{Guid.NewGuid():N}{TemporarySuffix}"), options);
    }

    /// <summary>
    /// Writes the file unless it is there; only then is <paramref name="content"/> asked. True if this call wrote it,
    /// false if it was there or another writer of this process was faster. Of two processes both may win, one after the
    /// other, each with a whole file.
    /// </summary>
    public static bool WriteOnce(string directory, string name, Func<byte[]> content)
    {
        RequirePlainName(name);
        var path = Path.Combine(directory, name);
        if (File.Exists(path))
        {
            return false;
        }

        var bytes = content();
        var file = CreateTemporary(directory, name);
        try
        {
            file.Write(bytes);
            CloseOnDisk(file);
            lock (Naming)
            {
                if (File.Exists(path))
                {
                    return false;
                }

                File.Move(file.Name, path);
                return true;
            }
        }
        finally
        {
            Discard(file);
        }
    }

    /// <summary>Brings a temporary file's bytes to disk and gives it its name, in place of a file that has it.</summary>
    public static void Publish(FileStream temporary, string path)
    {
        CloseOnDisk(temporary);
        File.Move(temporary.Name, path, overwrite: true);
    }

    /// <summary>
    /// Removes a temporary file that was not published; one that cannot be removed stays as a harmless leftover.
    /// </summary>
    public static void Discard(FileStream? temporary)
    {
        if (temporary is null)
        {
            return;
        }

        try
        {
            temporary.Dispose();
        }
        catch (IOException)
        {
            // A full disk fails the flush again; the file is closed nonetheless.
        }

        try
        {
            File.Delete(temporary.Name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whoever wrote reports the cause.
        }
    }

    /// <summary>Removes what interrupted writes left behind. Nobody may be writing there.</summary>
    public static void Sweep(string directory)
    {
        foreach (var leftover in Directory.EnumerateFiles(directory, $".*{TemporarySuffix}"))
        {
            File.Delete(leftover);
        }
    }

    private static void CloseOnDisk(FileStream file)
    {
        file.Flush(flushToDisk: true);
        file.Dispose();
    }

    /// <summary>Refuses a name that would lead out of its directory.</summary>
    public static void RequirePlainName(string name)
    {
        if (name.Length == 0 || name is "." or ".." || Path.GetFileName(name) != name)
        {
            throw new ArgumentException("The name of a file is required, without a path.", nameof(name));
        }
    }
}
