namespace OtpActors.Files;

/// <summary>
/// Files that appear under their name whole or not at all, readable by their owner alone. Their bytes are on disk before
/// the name is; the name itself is as durable as the file system's own renames. What an interrupted write leaves behind
/// ends in <see cref="TemporarySuffix"/> and is never read.
/// </summary>
public static class AtomicFile
{
    public const string TemporarySuffix = ".tmp";

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
    /// false if it was there or another writer was faster.
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
            Publish(file, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        finally
        {
            Discard(file);
        }
    }

    /// <summary>Brings a temporary file's bytes to disk and gives it its name.</summary>
    public static void Publish(FileStream temporary, string path, bool overwrite)
    {
        temporary.Flush(flushToDisk: true);
        temporary.Dispose();
        File.Move(temporary.Name, path, overwrite);
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

    /// <summary>Refuses a name that would lead out of its directory.</summary>
    public static void RequirePlainName(string name)
    {
        if (name.Length == 0 || name is "." or ".." || Path.GetFileName(name) != name)
        {
            throw new ArgumentException("The name of a file is wanted, without a path.", nameof(name));
        }
    }
}
