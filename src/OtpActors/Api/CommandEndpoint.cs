using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;
using OtpActors.Triggers.Commands;

namespace OtpActors.Api;

/// <summary><c>/api/commands</c>: puts a command into the command topic.</summary>
internal static class CommandEndpoint
{
    public static void MapCommands(this RouteGroupBuilder api) =>
        api.MapPost("/commands", SendAsync).Needs(ApiScope.Operate).WithTags("Runs")
            .Accepts<CommandRequest>("application/json")
            .WithSummary("Put a command into the command topic")
            .WithDescription(
                "It is checked as the topic's reader checks it, and lies in the topic as it was sent. Answers once the topic has acknowledged it; "
                + "its run starts when the service reads it. With the header Idempotency-Key the same key puts the command there once, across "
                + "restarts; Kafka's brokers cannot tell, so there the header is refused.")
            .Produces<CommandDocument>(201).Produces<CommandDocument>(200)
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);

    private static async Task<IResult> SendAsync(
        HttpRequest request,
        [FromHeader(Name = "Idempotency-Key"), Description("The caller's own name for this request: 1 to 200 visible ASCII characters.")] string? key,
        CommandSender sender, RunDefaults defaults, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!defaults.Commands.Enabled)
        {
            throw new ApiProblemException(
                StatusCodes.Status409Conflict, "commands_off", "This service takes no commands from a topic.",
                hint: "Set OtpActors:Triggers:Commands:Enabled=true, or start the run with POST /api/runs.");
        }

        if (RequestValues.IdempotencyKey(key) is not null && !sender.TakesKeys)
        {
            throw ApiProblemException.BadField(
                "Idempotency-Key", "the topic lies on Kafka, whose brokers cannot tell a repeated request.", "Leave it out.");
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        var json = body.ToArray();
        Check(json, defaults, time);
        var sent = await AppendAsync(sender, json, key, cancellationToken);
        var document = new CommandDocument(
            sent.Topic, sent.Partition, sent.Offset, RunIds.OfCommand(sent.Topic, sent.Partition, sent.Offset), sent.Again);
        return sent.Again ? TypedResults.Ok(document) : TypedResults.Created((string?)null, document);
    }

    /// <summary>As the topic's reader does, and the start of its run after it.</summary>
    /// <exception cref="ApiProblemException">It is no command.</exception>
    /// <exception cref="RunRequestException">A field is wrong.</exception>
    private static void Check(byte[] json, RunDefaults defaults, TimeProvider time)
    {
        if (!CommandReader.TryRead(json, defaults.Commands.MaxBytes, out var command, out var fault))
        {
            throw new ApiProblemException(
                StatusCodes.Status400BadRequest, "bad_command", $"{char.ToUpperInvariant(fault[0])}{fault[1..]}.",
                hint: "It is a run request as JSON, as the body of POST /api/runs.");
        }

        if (command.NotAfter < time.GetUtcNow())
        {
            throw ApiProblemException.BadField("notAfter", "the time has passed.");
        }

        RunRequests.CheckTopic(command, defaults);
        RunRequests.RecordsOf(command);
        if (command.Records is { } records)
        {
            RunRequests.InlineOf(records);
        }
    }

    private static async Task<SentCommand> AppendAsync(CommandSender sender, byte[] json, string? key, CancellationToken cancellationToken)
    {
        try
        {
            return await sender.SendAsync(json, key, cancellationToken);
        }
        catch (PublishUnknownException)
        {
            throw new ApiProblemException(
                StatusCodes.Status503ServiceUnavailable, "outcome_unknown", "Nobody can tell whether the command is in the topic.",
                hint: "Look for its run with GET /api/runs before it is sent again; with the same Idempotency-Key it can be sent again at once.");
        }
    }
}

/// <summary>Where a command lies.</summary>
public sealed record CommandDocument(
    string Topic, int Partition, long Offset,
    [property: Description("The run that it starts, once the service has read it.")] string RunId,
    [property: Description("Whether it was put there before, under the same key.")] bool Again);
