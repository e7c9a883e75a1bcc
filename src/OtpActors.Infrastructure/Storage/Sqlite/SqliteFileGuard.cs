using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Infrastructure.Storage.Sqlite;

/// <summary>
/// Notices that an open file, or one of the two beside it, is no longer what its path leads to: removed, moved, replaced, or
/// cut short. On Linux an open file that was removed can be written on and on, and all of it is gone when it is closed.
/// Elsewhere nothing is noticed here (Windows does not let go of open files).
/// </summary>
/// <remarks>Two calls of the system, of a few microseconds each. Can be used from any thread.</remarks>
public sealed class SqliteFileGuard(string file)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FileIdentity> _known = [];
    private bool _ended;

    /// <summary>What is wrong with the file, in words; null as long as nothing is. What is seen first is what is right.</summary>
    public string? Check()
    {
        lock (_lock)
        {
            return _ended ? null : Check(file) ?? Check($"{file}-wal") ?? Check($"{file}-shm");
        }
    }

    /// <summary>Forgets what was seen: the file was closed, and may be another one when it is opened again.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _known.Clear();
        }
    }

    /// <summary>The file is about to be closed for good: whatever becomes of it now, or of those beside it, is no fault.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
        }
    }

    private string? Check(string path)
    {
        var now = FileIdentity.From(path);
        if (!_known.TryGetValue(path, out var known))
        {
            if (now is not null)
            {
                _known[path] = now.Value;
            }

            return null;
        }

        if (now is not { } there)
        {
            return $"{path} was removed or moved while it was in use";
        }

        if (!there.IsSameFile(known))
        {
            return $"{path} was replaced by another file while it was in use";
        }

        if (path == file && there.Size < known.Size)
        {
            return $"{path} was cut short while it was in use";
        }

        _known[path] = there;
        return null;
    }
}
