namespace OtpActors.Domain.Runs;

/// <summary>How a step ended, where that is no error. Journaled: these never change.</summary>
public static class StepDetails
{
    /// <summary>The run ended before the step's turn came.</summary>
    public const string NotReached = "not reached";

    /// <summary>The run's limit of notifications is 0.</summary>
    public const string NotificationsOff = "notifications are off";

    /// <summary>The check found no address to notify.</summary>
    public const string NothingFound = "nothing was found";

    /// <summary>A sink stored nothing more for as long as the run's window.</summary>
    public const string WindowElapsed = "WindowElapsed";
}
