namespace OtpActors.Domain.Schedules;

/// <summary>What the keeper of schedules is told and asked, and what it answers, always after it is durable.</summary>
public static class ScheduleMessages
{
    /// <summary>Answered by <see cref="Listed"/>.</summary>
    public sealed record List;

    /// <summary>Answered by <see cref="Found"/> or <see cref="NotFound"/>.</summary>
    public sealed record Get(string Name);

    /// <summary>Answered by <see cref="Found"/>, or by <see cref="Refused"/> where the name is taken.</summary>
    public sealed record Create(ScheduleDefinition Definition);

    /// <summary>Creates or replaces; answered by <see cref="Found"/>.</summary>
    public sealed record Put(ScheduleDefinition Definition);

    /// <summary>Answered by <see cref="Found"/>, with what was deleted, or by <see cref="NotFound"/>.</summary>
    public sealed record Delete(string Name);

    /// <summary>Enables or pauses; answered by <see cref="Found"/> or <see cref="NotFound"/>.</summary>
    public sealed record Enable(string Name, bool Enabled);

    /// <summary>Somebody has started its run by hand; answered by <see cref="Found"/> or <see cref="NotFound"/>.</summary>
    public sealed record NoteRun(string Name, string RunId);

    /// <summary>Finishes what is in progress; answered by <see cref="Stopped"/>.</summary>
    public sealed record Stop;

    public sealed record Listed(IReadOnlyList<ScheduleState> Schedules);

    /// <param name="Created">Whether it is new.</param>
    public sealed record Found(ScheduleState State, bool Created = false);

    public sealed record NotFound(string Name);

    public sealed record Refused(string Name, string Reason);

    /// <summary>It cannot be kept now; nothing has changed.</summary>
    public sealed record Failed(string Reason);

    public sealed record Stopped
    {
        public static readonly Stopped Instance = new();
    }
}
