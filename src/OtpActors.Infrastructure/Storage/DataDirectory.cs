using System.Globalization;
using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Infrastructure.Storage;

/// <summary>The data directory cannot be used; the message says why and what to do.</summary>
public sealed class DataDirectoryException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether another process holds it.</summary>
    public bool IsInUse { get; init; }
}

/// <summary>
/// The directory (<c>--data</c>) that holds everything the service keeps. One process writes to it at a time, which
/// the lock file ensures until this is disposed or the process ends, however it ends; any number may read beside it.
/// </summary>
/// <remarks>It holds passwords: a directory made here is for its user alone (mode 700).</remarks>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream? _lock;

    private DataDirectory(string root, FileStream? held)
    {
        Root = root;
        _lock = held;
    }

    /// <summary>The full path.</summary>
    public string Root { get; }

    /// <summary>What this user may still write to its disk; null where it cannot be told.</summary>
    public long? FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Root).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return null;
            }
        }
    }

    public string TopicFile => Under("topic.db");

    public string JournalFile => Under("journal.db");

    /// <summary>The list of runs.</summary>
    public string RunsFile => Under("runs.db");

    /// <summary>The ledger of notifications.</summary>
    public string NotificationsFile => Under("notifications.db");

    /// <summary>Schedules, and which missed runs were reported.</summary>
    public string SchedulesFile => Under("schedules.db");

    public string InputsDirectory => Under("inputs");

    public string OutboxDirectory => Under("outbox");

    public string SlackDirectory => Under("slack");

    public string LogsDirectory => Under("logs");

    /// <summary>The file of the embedded store of this name.</summary>
    public string StoreFile(string store) => Under($"{store}.db");

    /// <summary>Creates what is missing and takes the lock.</summary>
    /// <exception cref="DataDirectoryException">It cannot be made or written, or another process has it.</exception>
    public static DataDirectory Open(string path)
    {
        var root = FullPath(path);
        FileStream? held = null;
        try
        {
            CreatePrivate(root);
            held = new FileStream(
                Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

            // Beside the lock file, since nobody else can read a file that is locked.
            File.WriteAllText(PidFile(root), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            var directory = new DataDirectory(root, held);
            CreatePrivate(directory.LogsDirectory);
            foreach (var part in new[] { directory.InputsDirectory, directory.OutboxDirectory, directory.SlackDirectory })
            {
                CreatePrivate(part);
                AtomicFile.Sweep(part); // of a process that was killed while it wrote; they can hold passwords
            }

            return directory;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw Explain(exception, root);
        }
    }

    /// <summary>
    /// The same paths for reading: takes no lock, so that it works beside a running service, and creates nothing.
    /// </summary>
    /// <exception cref="DataDirectoryException">The path is not a directory's.</exception>
    public static DataDirectory OpenReadOnly(string path) => new(FullPath(path), held: null);

    public void Dispose() => _lock?.Dispose();

    private string Under(string name) => Path.Combine(Root, name);

    private static string PidFile(string root) => Path.Combine(root, "pid");

    private static string FullPath(string path)
    {
        string root;
        try
        {
            root = Path.GetFullPath(path);
        }
        catch (ArgumentException exception)
        {
            throw new DataDirectoryException($"'{path}' is not a path: choose another --data", exception);
        }

        return File.Exists(root)
            ? throw new DataDirectoryException($"{root} is a file, not a directory: choose another --data")
            : root;
    }

    private static void CreatePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(
                directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static DataDirectoryException Explain(Exception exception, string root)
    {
        // .NET gives the bare errno as HResult on Unix, a Win32 code in its low half on Windows.
        var code = exception.HResult & 0xFFFF;
        var (inUse, full, readOnly) = OperatingSystem.IsWindows()
            ? (code == 32, code is 39 or 112, code == 19)
            : (code == (OperatingSystem.IsMacOS() ? 35 : 11), code is 28 or 69 or 122, code == 30);
        return new DataDirectoryException(
            exception switch
            {
                UnauthorizedAccessException =>
                    $"{root} cannot be written by this user: change its permissions or choose another --data",
                _ when inUse => $"{root} is in use by {Holder(root)}: stop it or choose another --data",
                _ when full => $"the disk that holds {root} is full: free space or choose another --data",
                _ when readOnly => $"{root} lies on a disk that is mounted read-only: choose another --data",
                _ => $"{root} cannot be created or written: {exception.Message}; choose another --data",
            },
            exception)
        {
            IsInUse = inUse,
        };
    }

    private static string Holder(string root)
    {
        try
        {
            return $"process {int.Parse(File.ReadAllText(PidFile(root)), CultureInfo.InvariantCulture)}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return "another process";
        }
    }
}
