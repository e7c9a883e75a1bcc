using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Health;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;

namespace OtpActors.Client;

/// <summary>
/// A service over HTTP: one method for each operation of its API, in the API's own documents. Whatever keeps it from answering is
/// a <see cref="ServiceException"/>.
/// </summary>
/// <remarks>Made by <see cref="ServiceClientHosting.AddServiceClient"/>. Can be used from any thread.</remarks>
public sealed class ServiceClient(HttpClient http, ServiceTarget target)
{
    private const string IdempotencyKey = "Idempotency-Key";
    private const string LastEventId = "Last-Event-ID";

    /// <summary>The service sends something at least every 15 s: after so much silence the connection is lost.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    private readonly ServiceRequests _requests = new(http, target);

    /// <summary>The service that is called.</summary>
    public ServiceTarget Target => target;

    /// <summary>Starts a run.</summary>
    /// <param name="idempotencyKey">With the same key the same request starts one run, however often it is sent.</param>
    /// <returns>The run, and whether it was there already.</returns>
    public async Task<(RunDocument Run, bool Again)> StartRunAsync(RunRequest request, string? idempotencyKey, CancellationToken cancellationToken)
    {
        var (run, status) = await _requests.SendAsync<RunDocument>(HttpMethod.Post, "api/runs", request, cancellationToken, (IdempotencyKey, idempotencyKey));
        return (run, status == HttpStatusCode.OK);
    }

    /// <summary>Makes a run's request again, as a new run.</summary>
    /// <param name="id">The run whose request it is.</param>
    /// <param name="idempotencyKey">With the same key the same request starts one run, however often it is sent.</param>
    /// <returns>The new run, and whether it was there already.</returns>
    public async Task<(RunDocument Run, bool Again)> StartAgainAsync(
        string id, AgainRequest change, string? idempotencyKey, CancellationToken cancellationToken)
    {
        var (run, status) = await _requests.SendAsync<RunDocument>(
            HttpMethod.Post, Path($"api/runs/{id}/again"), change, cancellationToken, (IdempotencyKey, idempotencyKey));
        return (run, status == HttpStatusCode.OK);
    }

    /// <summary>A page of runs, the newest request first.</summary>
    public Task<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) => _requests.GetAsync<RunPage>(
        Path($"api/runs", ("state", query.State is null ? null : string.Join(',', query.State)), ("topic", query.Topic), ("from", query.From),
            ("to", query.To), ("limit", query.Limit), ("cursor", query.Cursor)), cancellationToken);

    public Task<RunDocument> GetRunAsync(string id, CancellationToken cancellationToken) =>
        _requests.GetAsync<RunDocument>(Path($"api/runs/{id}"), cancellationToken);

    /// <summary>A page of a run's log.</summary>
    /// <param name="order"><c>oldest</c> or <c>newest</c> first; null for the oldest.</param>
    /// <param name="cursor">The <c>next</c> of the page before, in the same order.</param>
    public Task<RunLogPage> GetRunLogAsync(string id, string? order, int? limit, string? cursor, CancellationToken cancellationToken) =>
        _requests.GetAsync<RunLogPage>(Path($"api/runs/{id}/log", ("order", order), ("limit", limit), ("cursor", cursor)), cancellationToken);

    public Task<RunDocument> CancelRunAsync(string id, CancellationToken cancellationToken) =>
        _requests.PostAsync<RunDocument>(Path($"api/runs/{id}/cancel"), null, cancellationToken);

    public Task<RunDocument> PauseRunAsync(string id, CancellationToken cancellationToken) =>
        _requests.PostAsync<RunDocument>(Path($"api/runs/{id}/pause"), null, cancellationToken);

    public Task<RunDocument> ResumeRunAsync(string id, CancellationToken cancellationToken) =>
        _requests.PostAsync<RunDocument>(Path($"api/runs/{id}/resume"), null, cancellationToken);

    public Task<RunDocument> RetryStepAsync(string id, string step, CancellationToken cancellationToken) =>
        _requests.PostAsync<RunDocument>(Path($"api/runs/{id}/steps/{step}/retry"), null, cancellationToken);

    /// <summary>
    /// A run's events until it ends or the connection does. Nothing where the run has ended and nothing came after
    /// <paramref name="after"/>.
    /// </summary>
    /// <param name="after">The id of the last fact that was seen: the events go on behind it; null for all of them.</param>
    public async IAsyncEnumerable<RunEvent> FollowRunAsync(string id, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var answer = await _requests.OpenAsync(
            Path($"api/runs/{id}/events"), cancellationToken, (LastEventId, after?.ToString(CultureInfo.InvariantCulture)));
        if (answer.StatusCode == HttpStatusCode.NoContent)
        {
            yield break;
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await using var events = SseParser.Create(stream, Parse).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
        while (true)
        {
            silence.CancelAfter(LongestSilence);
            if (!await _requests.GuardAsync(() => events.MoveNextAsync().AsTask(), cancellationToken, LongestSilence))
            {
                yield break;
            }

            if (events.Current.Data is { } known)
            {
                yield return known;
            }
        }
    }

    /// <summary>Puts a command into the command topic.</summary>
    /// <param name="json">The command, as it is to lie in the topic; the service checks it.</param>
    /// <param name="idempotencyKey">With the same key the same command is put there once, however often it is sent.</param>
    public Task<CommandDocument> SendCommandAsync(ReadOnlyMemory<byte> json, string? idempotencyKey, CancellationToken cancellationToken) =>
        _requests.PostAsync<CommandDocument>("api/commands", json, cancellationToken, (IdempotencyKey, idempotencyKey));

    /// <summary>Publishes records.</summary>
    /// <param name="idempotencyKey">With the same key the same records are published once, however often they are sent.</param>
    public Task<PublishedDocument> PublishAsync(PublishRequest request, string? idempotencyKey, CancellationToken cancellationToken) =>
        _requests.PostAsync<PublishedDocument>("api/otps", request, cancellationToken, (IdempotencyKey, idempotencyKey));

    /// <summary>What each store holds for an address.</summary>
    /// <param name="reveal">Whether the password is shown, to a key that may see it.</param>
    public Task<FoundOtpDocument> FindAsync(string email, bool reveal, CancellationToken cancellationToken) =>
        _requests.GetAsync<FoundOtpDocument>(Path($"api/otps/{email}", ("reveal", reveal ? "true" : null)), cancellationToken);

    /// <summary>A page of mails and posts, the newest first.</summary>
    public Task<NotificationPage> ListNotificationsAsync(NotificationQuery query, CancellationToken cancellationToken) => _requests.GetAsync<NotificationPage>(
        Path($"api/notifications", ("run", query.Run), ("channel", query.Channel),
            ("state", query.State is null ? null : string.Join(',', query.State)), ("limit", query.Limit), ("cursor", query.Cursor)), cancellationToken);

    /// <summary>A page of topics, by name.</summary>
    public Task<TopicPage> ListTopicsAsync(int? limit, string? cursor, CancellationToken cancellationToken) =>
        _requests.GetAsync<TopicPage>(Path($"api/topics", ("limit", limit), ("cursor", cursor)), cancellationToken);

    public Task<TopicDocument> GetTopicAsync(string topic, CancellationToken cancellationToken) =>
        _requests.GetAsync<TopicDocument>(Path($"api/topics/{topic}"), cancellationToken);

    /// <summary>A page of a partition's records, masked.</summary>
    public Task<RecordPage> ListRecordsAsync(string topic, RecordQuery query, CancellationToken cancellationToken) =>
        _requests.GetAsync<RecordPage>(Path($"api/topics/{topic}/records", Parameters(query)), cancellationToken);

    /// <summary>A page of a topic's dead letters.</summary>
    /// <param name="topic">Where the records came from; null for the settings' topic.</param>
    public Task<DeadLetterPage> ListDeadLettersAsync(string? topic, RecordQuery query, CancellationToken cancellationToken) =>
        _requests.GetAsync<DeadLetterPage>(Path($"api/dead-letters", [("topic", topic), .. Parameters(query)]), cancellationToken);

    /// <summary>Sends dead letters' records to their topic again.</summary>
    public Task<RedriveDocument> RedriveAsync(RedriveRequest request, CancellationToken cancellationToken) =>
        _requests.PostAsync<RedriveDocument>("api/dead-letters/redrive", request, cancellationToken);

    public Task<ScheduleList> ListSchedulesAsync(CancellationToken cancellationToken) =>
        _requests.GetAsync<ScheduleList>("api/schedules", cancellationToken);

    /// <summary>Makes a schedule; one of that name must not be there.</summary>
    public Task<ScheduleDocument> CreateScheduleAsync(ScheduleForm form, CancellationToken cancellationToken) =>
        _requests.PostAsync<ScheduleDocument>("api/schedules", form, cancellationToken);

    public Task<ScheduleDocument> GetScheduleAsync(string name, CancellationToken cancellationToken) =>
        _requests.GetAsync<ScheduleDocument>(Path($"api/schedules/{name}"), cancellationToken);

    /// <summary>Makes or replaces a schedule.</summary>
    /// <returns>The schedule, and whether it is new.</returns>
    public async Task<(ScheduleDocument Schedule, bool Created)> PutScheduleAsync(string name, ScheduleForm form, CancellationToken cancellationToken)
    {
        var (schedule, status) = await _requests.SendAsync<ScheduleDocument>(HttpMethod.Put, Path($"api/schedules/{name}"), form, cancellationToken);
        return (schedule, status == HttpStatusCode.Created);
    }

    public Task DeleteScheduleAsync(string name, CancellationToken cancellationToken) =>
        _requests.DeleteAsync(Path($"api/schedules/{name}"), cancellationToken);

    public Task<ScheduleDocument> PauseScheduleAsync(string name, CancellationToken cancellationToken) =>
        _requests.PostAsync<ScheduleDocument>(Path($"api/schedules/{name}/pause"), null, cancellationToken);

    public Task<ScheduleDocument> ResumeScheduleAsync(string name, CancellationToken cancellationToken) =>
        _requests.PostAsync<ScheduleDocument>(Path($"api/schedules/{name}/resume"), null, cancellationToken);

    /// <summary>Starts a schedule's run now.</summary>
    public Task<RunDocument> TriggerScheduleAsync(string name, CancellationToken cancellationToken) =>
        _requests.PostAsync<RunDocument>(Path($"api/schedules/{name}/trigger"), null, cancellationToken);

    /// <summary>The settings in force, secrets masked.</summary>
    public Task<JsonObject> GetConfigAsync(CancellationToken cancellationToken) =>
        _requests.GetAsync<JsonObject>("api/config", cancellationToken);

    /// <summary>Whether the process answers.</summary>
    public Task<HealthDocument> GetLiveAsync(CancellationToken cancellationToken) =>
        _requests.GetAsync<HealthDocument>("healthz/live", cancellationToken);

    /// <summary>Whether the service can work; one that cannot is an answer too.</summary>
    public Task<HealthDocument> GetReadyAsync(CancellationToken cancellationToken) =>
        _requests.GetAsync<HealthDocument>("healthz/ready", cancellationToken, alsoFine: HttpStatusCode.ServiceUnavailable);

    private static (string Name, object? Value)[] Parameters(RecordQuery query) =>
        [("partition", query.Partition), ("offset", query.Offset), ("limit", query.Limit), ("order", query.Order), ("cursor", query.Cursor)];

    /// <summary>A path whose parts are escaped, with the parameters that are there.</summary>
    private static string Path(FormattableString template, params (string Name, object? Value)[] query)
    {
        static string Escaped(object? value) => Uri.EscapeDataString(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        var path = string.Format(
            CultureInfo.InvariantCulture, template.Format, [.. template.GetArguments().Select(Segment)]);
        var given = query.Where(parameter => parameter.Value is not null).Select(parameter => $"{parameter.Name}={Escaped(parameter.Value)}").ToList();
        return given.Count == 0 ? path : $"{path}?{string.Join('&', given)}";

        // A segment that is . or .. would lead elsewhere, escaped or not.
        static string Segment(object? value) => Escaped(value) is var text && text is "." or ".."
            ? throw new ServiceException(ServiceFault.Refused, $"'{text}' is no name.") { Status = HttpStatusCode.NotFound }
            : text;
    }

    /// <summary>Null for an event of a kind that only a newer service knows.</summary>
    private static RunEvent? Parse(string type, ReadOnlySpan<byte> data) => type switch
    {
        "fact" => new RunEvent.Happened(JsonSerializer.Deserialize<RunDocument.Fact>(data, ClientJson.Options)!),
        "progress" => new RunEvent.Progressed(JsonSerializer.Deserialize<RunProgress>(data, ClientJson.Options)!),
        _ => null,
    };
}
