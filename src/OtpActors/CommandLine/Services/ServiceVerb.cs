using System.CommandLine;
using System.CommandLine.Parsing;
using OtpActors.Api;
using OtpActors.Client;

namespace OtpActors.CommandLine.Services;

/// <summary>
/// A verb that asks a running service: the options that all of them have, and one way to say what went wrong. Its action gets a
/// <see cref="ServiceCall"/>.
/// </summary>
internal static class ServiceVerb
{
    public static readonly Option<string?> Server = new("--server")
    {
        Description = $"The service, as http://ADDRESS:PORT. [default: {ServiceTarget.ServerVariable}, else the service of the data directory]",
        HelpName = "URL",
    };

    public static readonly Option<string?> ApiKeyFile = new("--api-key-file")
    {
        Description = $"A file with the API key. [default: {ServiceTarget.KeyVariable}, {ServiceTarget.KeyFileVariable}, else that of the data directory's service]",
        HelpName = "FILE",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print one JSON document, the API's, and nothing else on standard output." };

    public static readonly Option<TimeSpan?> Timeout = new("--timeout")
    {
        Description = "How long the command may take in all. [default: 30s for each answer]",
        HelpName = "TIME",
        CustomParser = DurationArguments.Parse,
    };

    private static readonly Option[] Common = [Server, Cli.Data, ApiKeyFile, Json, Timeout];

    /// <param name="own">
    /// Its own arguments and options, in the order of the help; the common options follow, but those it has under the same name.
    /// </param>
    /// <param name="action">Gives the exit code.</param>
    public static Command Create(string name, string description, IEnumerable<Symbol> own, Func<ServiceCall, Task<int>> action)
    {
        var command = new Command(name, description);
        List<Symbol> symbols = [.. own];
        foreach (var symbol in symbols.Concat(Common.Where(common => symbols.TrueForAll(each => each.Name != common.Name))))
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.SetAction((parsed, cancellationToken) => Cli.GuardAsync(() => InvokeAsync(parsed, action, cancellationToken)));
        return command;
    }

    /// <summary>The options that say which service and as whom, as they were given: for a command line to copy. No secrets.</summary>
    public static IEnumerable<string> Place(ParseResult parsed) => new Option[] { Server, Cli.Data, ApiKeyFile }
        .SelectMany(option => parsed.GetResult(option.Name) is OptionResult { Implicit: false, Tokens: [var value] } ? [option.Name, value.Value] : Array.Empty<string>());

    private static async Task<int> InvokeAsync(ParseResult parsed, Func<ServiceCall, Task<int>> action, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parsed.GetValue(Timeout) is { } timeout)
        {
            limit.CancelAfter(timeout);
        }

        await using var call = new ServiceCall(parsed, cancellationToken, limit.Token);
        try
        {
            return await action(call);
        }
        catch (ServiceException e)
        {
            var text = Sentence(e, parsed);
            throw e.IsCallersFault ? new UsageException(text) : new NotDoneException(text);
        }
        catch (ApiProblemException e)
        {
            throw new UsageException(e.Message); // of a parameter, where the data directory is read
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new NotDoneException("Interrupted.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new NotDoneException($"Not done within {Texts.Duration(parsed.GetValue(Timeout)!.Value)} (--timeout).");
        }
    }

    /// <summary>What is wrong, and what to do in words of the command line.</summary>
    private static string Sentence(ServiceException e, ParseResult parsed)
    {
        string Verb(params string[] words) => $"`{Invocation.From([.. words, .. Place(parsed)])}`";
        var remedy = e switch
        {
            { Fault: ServiceFault.Absent } => $"Start one with {Verb("serve")}, or name one with --server URL.",
            { Code: "unknown_run" } => $"{Verb("runs")} lists them.",
            { Code: "unknown_topic" } => $"{Verb("topics")} lists them.",
            { Code: "unknown_schedule" } => $"{Verb("schedules")} lists them.",
            { Code: "input_gone" } => $"{Verb("start", "--from", "FILE")} sends them again.",
            { Code: "commands_off" } => $"{Verb("start")} starts a run without it.",
            { Code: "schedule_refused" } => $"{Verb("schedules", "set")} replaces one.",
            _ => e.Remedy,
        };
        var reason = e.Code is "run_refused" or "schedule_refused" ? $"{char.ToUpperInvariant(e.Reason[0])}{e.Reason[1..]}" : e.Reason;
        if (e.Field is { } field && reason.StartsWith($"{field}:", StringComparison.Ordinal)
            && parsed.CommandResult.Command.Options.Any(option => option.Name == $"--{field}"))
        {
            reason = $"--{reason}";
        }

        return remedy is null ? reason : $"{reason} {remedy}";
    }
}
