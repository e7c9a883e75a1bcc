using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Triggers.Commands;

/// <summary>Reads a record of the command topic. What is wrong with it is told by place and never by content.</summary>
internal static class CommandReader
{
    public static bool TryRead(
        byte[]? value, int maxBytes, [NotNullWhen(true)] out CommandRequest? command, [NotNullWhen(false)] out string? fault)
    {
        command = null;
        fault = value switch
        {
            null or [] => "the command is empty",
            _ when value.Length > maxBytes => $"the command has {value.Length} bytes, at most {maxBytes} are taken",
            _ => null,
        };
        if (fault is not null)
        {
            return false;
        }

        try
        {
            command = JsonSerializer.Deserialize<CommandRequest>(value, RequestJson.Options);
            fault = command is null ? "the command is no JSON object" : null;
        }
        catch (JsonException e)
        {
            fault = FaultOf(e);
        }
        catch (Exception e)
        {
            fault = RecordFault.Describe(e); // nothing but the command is at work here, and the next one is to be taken
        }

        return fault is null;
    }

    /// <summary>What is wrong with a field, without the value it has.</summary>
    public static string FaultOf(RunRequestException e) =>
        e.Field == "topic" ? "topic: no topic of records can have this name" : $"{e.Field}: {e.Message}";

    private static string FaultOf(JsonException e)
    {
        var place = e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}" : "the beginning";
        var path = (e.Path ?? "").TrimStart('$').TrimStart('.');
        if (e is RequestFormException)
        {
            return path.Length == 0 ? "the command is no JSON object" : $"{path}: {e.Message}";
        }

        return e.Message switch
        {
            // The names of fields that are not known are content as well.
            var m when m.StartsWith("The JSON property", StringComparison.Ordinal) => $"a field is not known: {place}",
            var m when m.StartsWith("Duplicate property", StringComparison.Ordinal) => $"a field is there more than once: {place}",
            var m when m.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) =>
                path.Length == 0 ? "the command is no JSON object" : $"{path}: the value has the wrong type",
            _ => $"the command is not JSON that can be read: {place}",
        };
    }
}
