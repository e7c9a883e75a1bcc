using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Services;
using OtpActors.Hosting;

namespace OtpActors.CommandLine;

/// <summary><c>config check</c> and <c>config show</c>: what a start would say of the settings, and which are in force.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var check = new Command("check", "Checks the settings as a start does, and says all that is wrong. Exit code 0 if nothing is, else 2.") { Cli.Data }
            .WithExamples("config check", "config check --data /var/lib/otpactors");
        check.SetAction((parsed, cancel) => Cli.GuardAsync(() =>
        {
            _ = Cli.Settings(parsed);
            Console.Out.WriteLine("The settings are valid.");
            return Task.FromResult(ExitCodes.Done);
        }));
        var server = new Option<string?>(ServiceVerb.Server.Name)
        {
            Description = "Show those of this service, http://ADDRESS:PORT. [default: what a start on this machine would take]",
            HelpName = "URL",
        };
        var json = new Option<bool>(ServiceVerb.Json.Name)
        {
            Description = "Print one JSON document: the settings and where each comes from; of a service the API's document.",
        };
        var show = ServiceVerb.Create(
            "show", "Shows the settings in force and where each comes from; *** is a secret, or may be one.", [server, json],
            async call =>
            {
                if (call.Parsed.GetValue(server) is null)
                {
                    Show(Settings.Read(Cli.CommandLineOf(call.Parsed)), call.IsJson);
                    return ExitCodes.Done;
                }

                var settings = await call.Client.GetConfigAsync(call.Cancel);
                if (call.IsJson)
                {
                    Console.Out.WriteLine(settings.ToJsonString(Terminal.Json));
                    return ExitCodes.Done;
                }

                foreach (var (key, value) in Leaves(settings, OtpActorsOptions.Section))
                {
                    Console.Out.WriteLine(TextWidth.Clean($"{key} = {Shown(value)}"));
                }

                return ExitCodes.Done;
            }).WithExamples("config show", "config show --server http://127.0.0.1:8080 --json");
        return new Command("config", "Checks and shows the settings.") { check, show }
            .WithExamples("config check", "config show --json");
    }

    private static void Show(LoadedSettings loaded, bool json)
    {
        var shown = ShownSettings.From(loaded.Options);
        var values = Leaves(shown, OtpActorsOptions.Section).Select(leaf => (leaf.Key, leaf.Value, Source: loaded.SourceOf(leaf.Key))).ToList();
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(
                new { settings = shown, sources = values.ToDictionary(value => value.Key, value => value.Source) }, Terminal.Json));
            return;
        }

        foreach (var (key, value, source) in values)
        {
            Console.Out.WriteLine($"{key} = {Shown(value)}  ({source})");
        }
    }

    private static string Shown(string value) => value.Length > 0 ? value : "(not set)";

    private static IEnumerable<(string Key, string Value)> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject { Count: > 0 } section => section.SelectMany(entry => Leaves(entry.Value, $"{path}:{entry.Key}")),
        JsonArray { Count: > 0 } items => items.SelectMany((item, i) => Leaves(item, $"{path}:{i}")),
        JsonObject or JsonArray or null => [(path, "")],
        _ => [(path, node.ToString())],
    };
}
