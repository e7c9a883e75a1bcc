using System.CommandLine;

namespace OtpActors.CommandLine.Services;

/// <summary>The verbs for a running service, in the order of the help.</summary>
internal static class ServiceVerbs
{
    public static IEnumerable<Command> Create() =>
    [
        .. StartCommands.Create(),
        .. SteerCommands.Create(),
        PublishCommand.Create(),
        SendCommand.Create(),
        TopicsCommand.Create(),
        DeadLettersCommand.Create(),
        SchedulesCommand.Create(),
    ];
}
