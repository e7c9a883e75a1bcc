using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary>
/// Why a request was not carried out, as a problem of RFC 9457 with a <c>code</c> for programs, a <c>field</c> where one is
/// at fault, and a <c>hint</c> that says what to do. Never holds a password.
/// </summary>
/// <param name="status">The HTTP status: 4xx where the caller can mend it, 503 where something is out.</param>
/// <param name="code">One word, as <c>unknown_run</c>: never changed once it is out.</param>
public sealed partial class ApiProblemException(int status, string code, string detail, string? field = null, string? hint = null)
    : Exception(detail)
{
    public int Status => status;

    /// <summary>When the same may be asked again; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A header that tells the caller more; null for none.</summary>
    public (string Name, string Value)? Header { get; init; }

    public ProblemDetails ToDetails()
    {
        var problem = new ProblemDetails
        {
            Type = $"urn:otpactors:problem:{code}",
            Title = Titles.GetValueOrDefault(status, "Not done"),
            Status = status,
            Detail = Message,
        };
        problem.Extensions["code"] = code;
        if (field is not null)
        {
            problem.Extensions["field"] = field;
        }

        if (hint is not null)
        {
            problem.Extensions["hint"] = hint;
        }

        return problem;
    }

    public static ApiProblemException UnknownRun(string runId) =>
        new(StatusCodes.Status404NotFound, "unknown_run", $"There is no run '{runId}'.", "id", "GET /api/runs lists them.");

    public static ApiProblemException UnknownTopic() =>
        new(StatusCodes.Status404NotFound, "unknown_topic", "There is no such topic.", "topic", "A run, or a record that is published, makes it.");

    public static ApiProblemException BodyTooLarge() => new(
        StatusCodes.Status413PayloadTooLarge, "body_too_large", "The body is too large.",
        hint: "Send less at a time; OtpActors:Http:MaxBodyBytes sets the limit.");

    public static ApiProblemException BadField(string field, string message, string? hint = null) =>
        new(StatusCodes.Status400BadRequest, "bad_field", $"{field}: {message}", field, hint);

    /// <summary>The problem that a failure is to a caller; null where nobody expects it.</summary>
    public static ApiProblemException? From(Exception failure) => failure switch
    {
        ApiProblemException problem => problem,
        AggregateException { InnerException: { } inner } => From(inner), // of a stream
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => BodyTooLarge(),
        BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } e => new(
            e.StatusCode, "not_json", "The body is not said to be JSON.", hint: "Send Content-Type: application/json."),
        BadHttpRequestException { InnerException: JsonException json } => OfJson(json),
        BadHttpRequestException e => new(e.StatusCode, "bad_request", OfBinding(e.Message)),
        JsonException json => OfJson(json),
        RunRequestException e => BadField(e.Field, e.Message),
        RunKeyReusedException e => new(
            StatusCodes.Status422UnprocessableEntity, "key_reused", $"{e.Message}.", "Idempotency-Key", "Use a new key for another request."),
        RunInputGoneException e => new(
            StatusCodes.Status410Gone, "input_gone", $"{e.Message}.", "id", "Send them with POST /api/runs."),
        PublishKeyReusedException e => new(
            StatusCodes.Status422UnprocessableEntity, "key_reused", $"{e.Message}.", "Idempotency-Key", "Use a new key for another request."),
        PublishRefusedException e => new(
            StatusCodes.Status503ServiceUnavailable, "not_now", $"Nothing was published: {e.Message}.", hint: "Try again later."),
        PublishUnknownException e => new(
            StatusCodes.Status503ServiceUnavailable, "outcome_unknown", $"{e.Message}.",
            hint: "Send them again: the stores keep a repeated record once. With an Idempotency-Key the topic does too."),
        RunRefusedException e => new(
            StatusCodes.Status503ServiceUnavailable, "not_now", $"{e.Message}.", hint: "Try again later; /healthz/ready tells what is unavailable."),
        TopicException e => new(
            StatusCodes.Status503ServiceUnavailable, "topic_out", $"{e.Message}.", hint: "Try again later; /healthz/ready tells what is unavailable."),
        StoreUnavailableException e => new(
            StatusCodes.Status503ServiceUnavailable, "store_out", $"{e.Message}.", hint: "Try again later; /healthz/ready tells what is unavailable."),
        StoreSetupException e => new(StatusCodes.Status503ServiceUnavailable, "store_setup", $"{e.Message}."),
        JournalException e => new(
            StatusCodes.Status503ServiceUnavailable, "not_now", $"{e.Message}.", hint: "Try again later; /healthz/ready tells what is unavailable."),
        SqliteFailureException e => new(
            StatusCodes.Status503ServiceUnavailable, "not_now", $"{e.Message}.", hint: "/healthz/ready tells what is unavailable."),
        InputFileException e => new(StatusCodes.Status503ServiceUnavailable, "data_directory", e.Message),
        _ => null,
    };

    private static ApiProblemException OfJson(JsonException json)
    {
        var path = json.Path is null or "$" or "" ? "" : json.Path.TrimStart('$').TrimStart('.');
        if (Unmapped().Match(json.Message) is { Success: true, Groups: var found })
        {
            var name = found[1].Value;
            var whole = path.EndsWith(name, StringComparison.Ordinal) ? path : path.Length == 0 ? name : $"{path}.{name}";
            return new(400, "unknown_field", $"{whole} is no field here.", whole, "GET /openapi/v1.json tells the fields.");
        }

        if (Duplicate().Match(json.Message) is { Success: true, Groups: var twice })
        {
            return new(400, "repeated_field", $"{twice[1].Value} is there more than once.", twice[1].Value);
        }

        if (json is RequestFormException && path.Length > 0)
        {
            return BadField(path, json.Message);
        }

        return json is RequestFormException || json.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)
            ? new(
                400, "bad_field", path.Length == 0 ? "The body does not have the required form." : $"{path}: the value has the wrong type.",
                path.Length == 0 ? null : path, "GET /openapi/v1.json tells the fields.")
            : new(400, "bad_json", json.LineNumber is { } line
                    ? $"The body is not JSON that can be read: line {line + 1}, byte {json.BytePositionInLine + 1}."
                    : "The body is not JSON that can be read.", path.Length == 0 ? null : path);
    }

    /// <summary>The framework's message names the parameter and repeats the value: the name alone is kept.</summary>
    private static string OfBinding(string message) =>
        Parameter().Match(message) is { Success: true, Groups: var found } ? $"{found[1].Value} is required, or has the wrong type."
        : message.Contains("body", StringComparison.OrdinalIgnoreCase) ? "A body is required, in JSON."
        : "The request cannot be read.";

    private static readonly Dictionary<int, string> Titles = new()
    {
        [400] = "The request is wrong",
        [401] = "No valid key",
        [403] = "Not allowed",
        [404] = "Not found",
        [405] = "Method not allowed",
        [409] = "Not possible now",
        [410] = "Gone",
        [413] = "Too large",
        [415] = "Not JSON",
        [422] = "The key is taken",
        [429] = "Too many requests",
        [500] = "Something is wrong here",
        [503] = "Out for now",
    };

    [GeneratedRegex("^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex Unmapped();

    [GeneratedRegex("^Duplicate property '([^']*)'")]
    private static partial Regex Duplicate();

    [GeneratedRegex(@"parameter ""(?:[A-Za-z0-9_]+(?:<[A-Za-z0-9_]+>)?\??) ([A-Za-z0-9_]+)""")]
    private static partial Regex Parameter();
}

/// <summary>Turns failures into problems, whatever threw them. What nobody expects is logged and tells the caller nothing.</summary>
internal sealed class ProblemHandler(ILogger<ProblemHandler> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var problem = ApiProblemException.From(exception);
        if (problem is null)
        {
            log.LogError(exception, "{Method} {Route} failed", context.Request.Method, RouteName.From(context));
            problem = new ApiProblemException(500, "internal", "The request failed here; the log says why.");
        }

        await WriteAsync(context, problem);
        return true;
    }

    public static async Task WriteAsync(HttpContext context, ApiProblemException problem)
    {
        context.Response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        }

        if (problem.Header is { } header)
        {
            context.Response.Headers[header.Name] = header.Value;
        }

        await context.Response.WriteAsJsonAsync(
            problem.ToDetails(), RequestJson.Options, "application/problem+json", context.RequestAborted);
    }
}
