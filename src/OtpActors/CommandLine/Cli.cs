using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using OtpActors.CommandLine.Completion;
using OtpActors.CommandLine.Services;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;

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

/// <summary>The command line: <c>run</c> and <c>serve</c>, what looks into the data directory, and the client of a service.</summary>
public static class Cli
{
    internal static readonly Option<string?> Data = new("--data")
    {
        Description = "Where everything durable lies; made if it is absent. [default: ./data]",
        HelpName = "DIR",
    };

    /// <summary>A word that begins with @ is a value, as <c>--cron @daily</c>, and no file of arguments.</summary>
    internal static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    internal static RootCommand Create()
    {
        var root = new RootCommand(
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
            CompletionCommand.Create(),
        };
        foreach (var command in ServiceVerbs.Create())
        {
            root.Add(command);
        }

        root.Add(HelpCommand.Create(root));
        root.Options.Clear();
        root.Add(new HelpOption("--help", "-h", "-?")
        {
            Action = new Examples.Help(new HelpAction()),
            Description = "Show this help.",
        });
        root.Add(new VersionOption("--version", "-v")
        {
            Action = new ProgramVersion.Show(),
            Description = "Show the version and the revision.",
        });
        var suggest = root.Directives.OfType<SuggestDirective>().Single();
        suggest.Action = new Suggestions(suggest);
        return root.WithExamples("run --count 20000", "help run");
    }

    /// <summary>Runs a command to its end and gives its exit code. Ctrl-C and SIGTERM end it in order.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = Create();
        // What the program is for: without a verb it serves.
        var parsed = root.Parse(args is [] ? ["serve"] : args is ["--data", ..] ? ["serve", .. args] : args, Parsing);
        var works = parsed.Action == parsed.CommandResult.Command.Action;
        if ((works || parsed.Errors.Count > 0) && Mistakes.Describe(parsed) is { } mistake)
        {
            await Console.Error.WriteLineAsync(mistake);
            var command = Mistakes.NameOf(parsed.CommandResult.Command);
            await Console.Error.WriteLineAsync($"See: OtpActors {command}{(command.Length > 0 ? " " : "")}--help");
            return ExitCodes.BadInput;
        }

        // Help, the version and suggestions need no culture, and should not wait for one.
        if (works && ProcessCulture.WhyUnfit() is { } reason)
        {
            await Console.Error.WriteLineAsync(reason);
            return ExitCodes.BadInput;
        }

        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration
        {
            // Beyond the longest OtpActors:ShutdownTimeout, which bounds stopping; a process that hangs longer is ended.
            ProcessTerminationTimeout = TimeSpan.FromMinutes(11),
            EnableDefaultExceptionHandler = false,
        });
        return await WithLossAsync(exitCode, works ? parsed.CommandResult.Command.Name : "");
    }

    /// <summary>
    /// How a run went is its exit code whoever reads its report; of what does nothing but tell, losing that is a failure.
    /// </summary>
    /// <param name="command">The command that did its work; empty where something was shown about one.</param>
    private static async Task<int> WithLossAsync(int exitCode, string command)
    {
        if (StandardStreams.OutputLoss is not { } loss || command == "serve")
        {
            return exitCode;
        }

        await Console.Error.WriteLineAsync(
            $"What was to be shown is lost, or some of it: standard output cannot be written, {loss}.");
        return exitCode == ExitCodes.Done && command is not ("run" or "start" or "again" or "health") ? ExitCodes.NotDone : exitCode;
    }

    /// <summary>What is wrong with arguments, settings, input or the data directory is said in a line, without a stack.</summary>
    /// <param name="refused">Receives the same failure.</param>
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
