using System.ComponentModel;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;
using OtpActors.Telemetry;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary><c>/api/otps</c>: publish records, and see what the stores hold for an address.</summary>
internal static class OtpEndpoints
{
    public static void MapOtps(this RouteGroupBuilder api)
    {
        var otps = api.MapGroup("/otps").WithTags("Records");
        otps.MapPost("", PublishAsync).Needs(ApiScope.Operate).WithMetadata(new ApiAudit.NotAudited())
            .WithSummary("Publish records")
            .WithDescription(
                "One record, or up to 10,000 of them; a password that is left out is made of seven random digits. Answers once the topic "
                + "has acknowledged all of them; the sinks of the next run on the topic store them. Passwords are never answered. With the "
                + "header Idempotency-Key the same key publishes once on its topic, for as long as the topic is kept, across restarts; Kafka's "
                + "brokers cannot tell, so there the header is refused. After a 503 of the code outcome_unknown the records may be in the topic.")
            .Produces<PublishedDocument>(201).Produces<PublishedDocument>(200).ProducesProblem(400).ProducesProblem(422).ProducesProblem(503);
        otps.MapGet("/{email}", FindAsync).Needs(ApiScope.Read)
            .WithSummary("Show what each store holds for an address")
            .WithDescription(
                "The password is masked. With reveal=true it is shown, to a key with the scope Reveal, and the log tells it. A store that is unavailable "
                + "has a problem in its part; the others answer.")
            .ProducesProblem(400).ProducesProblem(403);
    }

    private static async Task<Results<Created<PublishedDocument>, Ok<PublishedDocument>>> PublishAsync(
        PublishRequest request,
        [FromHeader(Name = "Idempotency-Key"), Description("The caller's own name for this request: 1 to 200 visible ASCII characters.")] string? key,
        OtpPublisher publisher, RunDefaults defaults, CancellationToken cancellationToken)
    {
        var topic = request.TopicOf(defaults);
        var records = request.ToRecords();
        var target = new PublishTarget(topic, defaults.Topic.Partitions, defaults.Topic.ReplicationFactor);
        if (RequestValues.IdempotencyKey(key) is null)
        {
            await publisher.PublishAsync(target, records, cancellationToken);
        }
        else if (!publisher.TakesKeys)
        {
            throw ApiProblemException.BadField(
                "Idempotency-Key", "the topic lies on Kafka, whose brokers cannot tell a repeated request.", "Leave it out; the stores keep a repeated record once.");
        }
        else if (!await publisher.PublishOnceAsync(target, records, key!, FingerprintOf(topic, request), cancellationToken))
        {
            return TypedResults.Ok(new PublishedDocument(topic, records.Count, Again: true));
        }

        return TypedResults.Created((string?)null, new PublishedDocument(topic, records.Count, Again: false));
    }

    private static async Task<Ok<FoundOtpDocument>> FindAsync(
        [Description("The address.")] string email, [FromServices] IEnumerable<IOtpStore> stores, HttpContext context, ILoggerFactory logs,
        CancellationToken cancellationToken, [Description("true to see the password. Default: false.")] string? reveal = null)
    {
        // The server decodes all of a path but its slashes.
        if (!EmailAddress.TryParse(email.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), out var address, out var error))
        {
            throw ApiProblemException.BadField("email", $"{error}.");
        }

        var shown = RequestValues.Flag(reveal, "reveal");
        if (shown && !context.User.Has(ApiScope.Reveal))
        {
            throw new ApiProblemException(403, "not_allowed", "This caller may not see passwords.", "reveal", "A key with the scope Reveal may.");
        }

        var log = logs.CreateLogger<FoundOtpDocument>();
        var parts = await Task.WhenAll(stores.Select(store => LookAsync(store, address, shown, log, cancellationToken)));
        if (shown)
        {
            logs.CreateLogger(AuditTrail.Category).LogWarning(
                "Password revealed: {Email} of {Stores} to the key {Key}", address,
                parts.Where(part => part.Found == true).Select(part => part.Store), context.User.Identity?.Name);
        }

        return TypedResults.Ok(new FoundOtpDocument(address.Value, parts));
    }

    private static async Task<FoundOtpDocument.StorePart> LookAsync(
        IOtpStore store, EmailAddress email, bool reveal, ILogger log, CancellationToken cancellationToken)
    {
        try
        {
            return await FoundOtps.LookAsync(store, email, reveal, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.LogError(e, "GET /api/otps/{{email}}: {Store} cannot be read", store.Name);
            return new FoundOtpDocument.StorePart(store.Name, null, Problem: "it cannot be read; the log says why");
        }
    }

    /// <summary>A digest, from which nothing can be read.</summary>
    private static byte[] FingerprintOf(string topic, PublishRequest request) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { topic, request.Records }, RequestJson.Options));
}

/// <summary>What was published.</summary>
public sealed record PublishedDocument(
    string Topic, [property: Description("How many records.")] int Count,
    [property: Description("Whether it was published before, under the same key.")] bool Again);

/// <summary>What the stores hold for an address.</summary>
public sealed record FoundOtpDocument(string Email, IReadOnlyList<FoundOtpDocument.StorePart> Stores)
{
    public sealed record StorePart(
        string Store,
        [property: Description("Null where the store cannot be asked.")] bool? Found,
        [property: Description("*** unless it is revealed.")] string? Otp = null,
        [property: Description("Where in a topic the record lay.")] OriginDocument? Origin = null,
        DateTimeOffset? ProducedAt = null,
        DateTimeOffset? StoredAt = null,
        [property: Description("Why the store cannot be asked.")] string? Problem = null);
}

/// <summary>Where in a topic a record lay.</summary>
public sealed record OriginDocument(string Topic, int Partition, long Offset);
