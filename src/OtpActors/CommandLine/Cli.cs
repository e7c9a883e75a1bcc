using System.CommandLine;
using OtpActors.Hosting;
using OtpActors.Postgres;
using OtpActors.Records;
using OtpActors.Sqlite;
using OtpActors.Stores;

namespace OtpActors.CommandLine;

/// <summary>The exit codes of every command.</summary>
internal static class ExitCodes
{
    /// <summary>It was done.</summary>
    public const int Done = 0;

    /// <summary>It was not done, or not all of it.</summary>
    public const int NotDone = 1;

    /// <summary>The arguments, the settings or the input are wrong; nothing was done.</summary>
    public const int BadInput = 2;
}

/// <summary>The arguments do not fit; the message says which and why.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>All was right with what was asked, and yet it could not begin; the message says why.</summary>
internal sealed class NotDoneException(string message) : Exception(message);

/// <summary>The command line: <c>run</c>, <c>serve</c>, <c>find</c>, <c>runs</c>, <c>notifications</c>, <c>repair</c>,
/// <c>api-key</c>, <c>health</c>.</summary>
public static class Cli
{
    internal static readonly Option<string?> Data = new("--data")
    {
        Description = "Where everything durable lies; made if it is absent. [default: ./data]",
        HelpName = "DIR",
    };

    internal static RootCommand Create() => new(
        "Streams one-time passwords through a topic into Cassandra and MongoDB, checks both stores, then mails each "
        + "password to its owner and posts to Slack. Without servers everything runs embedded, under --data.")
    {
        RunCommand.Create(),
        ServeCommand.Create(),
        FindCommand.Create(),
        RunsCommand.Create(),
        RepairCommand.Create(),
        NotificationsCommand.Create(),
        ApiKeyCommand.Create(),
        HealthCommand.Create(),
        ConfigCommand.Create(),
    };

    /// <summary>Runs a command to its end and gives its exit code. Ctrl-C and SIGTERM end it in order.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        if (ProcessCulture.WhyUnfit() is { } reason)
        {
            await Console.Error.WriteLineAsync(reason);
            return ExitCodes.BadInput;
        }

        var root = Create();
        // What the program is for: without a verb it serves.
        var parsed = root.Parse(args is [] ? ["serve"] : args is ["--data", ..] ? ["serve", .. args] : args);
        if (parsed.Errors.Count > 0)
        {
            // One line: of several errors the rest follow from an unknown word, or show when the first is mended.
            await Console.Error.WriteLineAsync(
                parsed.UnmatchedTokens is [var unknown, ..] ? $"'{unknown}' is no command and no option here." : parsed.Errors[0].Message);
            var command = parsed.CommandResult.Command == root ? "" : $"{parsed.CommandResult.Command.Name} ";
            await Console.Error.WriteLineAsync($"See: OtpActors {command}--help");
            return ExitCodes.BadInput;
        }

        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration
        {
            // Beyond the longest OtpActors:ShutdownTimeout, which bounds stopping; a process that hangs longer is ended.
            ProcessTerminationTimeout = TimeSpan.FromMinutes(11),
            EnableDefaultExceptionHandler = false,
        });
        return await WithLossAsync(exitCode, parsed.CommandResult.Command.Name);
    }

    /// <summary>How a run went is its exit code whoever reads its report; of what does nothing but tell, losing that is a failure.</summary>
    private static async Task<int> WithLossAsync(int exitCode, string command)
    {
        if (StandardStreams.OutputLoss is not { } loss || command == "serve")
        {
            return exitCode;
        }

        await Console.Error.WriteLineAsync($"What was to be shown is lost, or some of it: standard output cannot be written, {loss}.");
        return exitCode == ExitCodes.Done && command is not ("run" or "health") ? ExitCodes.NotDone : exitCode;
    }

    /// <summary>What is wrong with arguments, settings, input or the data directory is said in a line, without a stack.</summary>
    /// <param name="refused">Told of it too.</param>
    internal static async Task<int> GuardAsync(Func<Task<int>> command, Action<Exception>? refused = null)
    {
        try
        {
            return await command();
        }
        catch (Exception e) when (ExitCodeOf(e) is not null)
        {
            await Console.Error.WriteLineAsync(e.Message);
            refused?.Invoke(e);
            return ExitCodeOf(e)!.Value;
        }
    }

    /// <summary>Null for what nobody expects: that shows its stack.</summary>
    private static int? ExitCodeOf(Exception e) => e switch
    {
        UsageException or SettingsException or InputFileException or BadLinesException => ExitCodes.BadInput,
        NotDoneException or DataDirectoryException or SqliteFailureException or JournalException
            or StoreUnavailableException or StoreSetupException => ExitCodes.NotDone,
        _ => null,
    };

    /// <summary>The settings, with what this command line says of them.</summary>
    internal static OtpActorsOptions Settings(ParseResult parsed) => Hosting.Settings.Load(CommandLineOf(parsed));

    internal static IEnumerable<KeyValuePair<string, string?>> CommandLineOf(ParseResult parsed) =>
        parsed.GetValue(Data) is { } data ? [new($"{OtpActorsOptions.Section}:{nameof(OtpActorsOptions.Data)}", data)] : [];
}
