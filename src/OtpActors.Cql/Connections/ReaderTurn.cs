namespace OtpActors.Cql.Connections;

/// <summary>
/// From receiving bytes to having dealt with them, a reader thread gathers the connections that were written to, and
/// sends once for each at the end: what follows from a hundred responses goes out in one piece.
/// </summary>
internal static class ReaderTurn
{
    [ThreadStatic]
    private static List<FrameSender>? _dirty;

    [ThreadStatic]
    private static bool _isOn;

    public static void Begin()
    {
        _dirty ??= [];
        _isOn = true;
    }

    /// <summary>False where this thread is not in a turn.</summary>
    public static bool TryDefer(FrameSender sender)
    {
        if (_isOn)
        {
            _dirty!.Add(sender);
        }

        return _isOn;
    }

    public static void End()
    {
        _isOn = false;
        foreach (var sender in _dirty!)
        {
            sender.Flush();
        }

        _dirty.Clear();
    }
}
