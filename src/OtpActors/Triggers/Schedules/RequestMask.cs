using System.Text.Json;
using System.Text.Json.Nodes;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;

namespace OtpActors.Triggers.Schedules;

/// <summary>
/// A stored request as it may be shown: passwords and addresses masked. What comes back as it was shown stays what it was,
/// so that a schedule can be read, changed and put again.
/// </summary>
internal static class RequestMask
{
    private const string Otp = "otp";
    private const string Email = "email";

    public static RunRequest Mask(RunRequest request)
    {
        var shown = NodeOf(request);
        foreach (var part in PartsOf(shown))
        {
            Replace(part.Node, Otp, _ => OneTimePassword.Mask);
            Replace(part.Node, Email, MaskOf);
        }

        return shown.Deserialize<RunRequest>(RequestJson.Options)!;
    }

    /// <exception cref="RunRequestException">A mask stands where there was nothing.</exception>
    public static RunRequest Unmask(RunRequest given, RunRequest? kept)
    {
        var node = NodeOf(given);
        var before = kept is null ? [] : PartsOf(NodeOf(kept)).ToDictionary(part => part.Path, part => part.Node);
        foreach (var (path, part) in PartsOf(node))
        {
            var old = before.GetValueOrDefault(path);
            Replace(part, Email, text => old?[Email]?.GetValue<string>() is { } email && text == MaskOf(email) ? email : text);
            Replace(part, Otp, text => text != OneTimePassword.Mask ? text
                : old?[Otp]?.GetValue<string>()
                    ?? throw new RunRequestException($"request.{path}{Otp}", "the mask is no password: there was none here before"));
        }

        return node.Deserialize<RunRequest>(RequestJson.Options)!;
    }

    private static JsonObject NodeOf(RunRequest request) => JsonSerializer.SerializeToNode(request, RequestJson.Options)!.AsObject();

    /// <summary>Whatever can hold an address and a password.</summary>
    private static IEnumerable<(string Path, JsonObject Node)> PartsOf(JsonObject request) =>
        (request["records"]?.AsArray() ?? [])
            .Select((record, i) => ($"records[{i}].", record as JsonObject))
            .Where(part => part.Item2 is not null)
            .Select(part => (part.Item1, part.Item2!))
            .Prepend(("", request));

    private static void Replace(JsonObject node, string field, Func<string, string> change)
    {
        if (node[field] is { } value)
        {
            node[field] = change(value.GetValue<string>());
        }
    }

    private static string MaskOf(string email) =>
        EmailAddress.TryParse(email, out var address, out _) ? address.ToString() : OneTimePassword.Mask;
}
