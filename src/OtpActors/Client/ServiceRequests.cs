using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace OtpActors.Client;

/// <summary>Sends requests; whatever is no answer to them becomes a <see cref="ServiceException"/>.</summary>
internal sealed class ServiceRequests(HttpClient http, ServiceTarget target)
{
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken, HttpStatusCode? alsoFine = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken, alsoFine);
        return await ReadAsync<T>(answer, cancellationToken);
    }

    public async Task<T> PostAsync<T>(string path, object? body, CancellationToken cancellationToken, params (string Name, string? Value)[] headers) =>
        (await SendAsync<T>(HttpMethod.Post, path, body, cancellationToken, headers)).Document;

    /// <param name="body">Becomes JSON; bytes are JSON already.</param>
    public async Task<(T Document, HttpStatusCode Status)> SendAsync<T>(
        HttpMethod method, string path, object? body, CancellationToken cancellationToken, params (string Name, string? Value)[] headers)
    {
        using var request = With(new HttpRequestMessage(method, path), headers);
        request.Content = body switch
        {
            null => null,
            ReadOnlyMemory<byte> json => new ReadOnlyMemoryContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            _ => JsonContent.Create(body, body.GetType(), options: ClientJson.Options),
        };
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return (await ReadAsync<T>(answer, cancellationToken), answer.StatusCode);
    }

    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    /// <summary>An answer that goes on; the caller reads and disposes it.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken, params (string Name, string? Value)[] headers)
    {
        using var request = With(new HttpRequestMessage(HttpMethod.Get, path), headers);
        return await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Runs what talks to the service; its failures say what they mean.</summary>
    /// <param name="patience">How long it waits; null for the client's own timeout.</param>
    /// <exception cref="ServiceException">It did not answer, or not in a form that is known.</exception>
    public async Task<T> GuardAsync<T>(Func<Task<T>> talk, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        try
        {
            return await talk();
        }
        catch (HttpRequestException e) when (target.File is not null && e.HttpRequestError == HttpRequestError.ConnectionError)
        {
            throw target.Stale();
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }
        catch (IOException e)
        {
            throw new ServiceException(ServiceFault.Unreachable, $"The connection to {target} was lost.", "Look whether the service runs.", e)
            {
                MayBeDone = true,
            };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceException(
                ServiceFault.TimedOut, $"{target} does not answer within {(patience ?? http.Timeout).TotalSeconds:0} s.", "Look at the service's log.", e)
            {
                MayBeDone = true,
            };
        }
        catch (JsonException e)
        {
            throw NotUnderstood("in a form that is not known", e);
        }
    }

    private static HttpRequestMessage With(HttpRequestMessage request, (string Name, string? Value)[] headers)
    {
        foreach (var (name, value) in headers.Where(header => header.Value is not null))
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken, HttpStatusCode? alsoFine = null)
    {
        var answer = await GuardAsync(() => http.SendAsync(request, completion, cancellationToken), cancellationToken);
        if (answer.IsSuccessStatusCode || answer.StatusCode == alsoFine)
        {
            return answer;
        }

        using (answer)
        {
            throw await RefusedAsync(answer, cancellationToken);
        }
    }

    private Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken) => GuardAsync(
        async () => answer.Content.Headers.ContentType?.MediaType == "application/json"
            && await answer.Content.ReadFromJsonAsync<T>(ClientJson.Options, cancellationToken) is { } document
                ? document
                : throw NotUnderstood($"{(int)answer.StatusCode} without a document"),
        cancellationToken);

    private async Task<ServiceException> RefusedAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.StatusCode == HttpStatusCode.Unauthorized && target.File is not null)
        {
            return target.Stale(); // another service has the port by now
        }

        var problem = answer.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? await GuardAsync(() => answer.Content.ReadFromJsonAsync<Problem>(ClientJson.Options, cancellationToken), cancellationToken)
            : null;
        if (problem is not { Detail: { Length: > 0 } detail })
        {
            return NotUnderstood($"{(int)answer.StatusCode} and no problem");
        }

        var remedy = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized when target.Key is null =>
                $"Put the key into a file and name that with --api-key-file or {ServiceTarget.KeyFileVariable}, or the key into {ServiceTarget.KeyVariable}.",
            HttpStatusCode.Unauthorized => "The key that was sent is unknown there: `OtpActors api-key` makes one for its settings.",
            _ => problem.Hint,
        };
        return new ServiceException(ServiceFault.Refused, detail, remedy)
        {
            Status = answer.StatusCode,
            Code = problem.Code,
            Title = problem.Title,
            Field = problem.Field,
            RetryAfter = answer.Headers.RetryAfter?.Delta,
        };
    }

    private ServiceException Unreachable(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => new(
            ServiceFault.Unreachable, $"{target} cannot be reached: the name {target.Url.Host} is unknown.", "Check --server.", e),
        HttpRequestError.SecureConnectionError => new(
            ServiceFault.Unreachable, $"{target} cannot be reached over TLS: {Innermost(e)}.", "Check its certificate, and that it is https.", e),
        HttpRequestError.ConfigurationLimitExceeded => new(
            ServiceFault.NotUnderstood, $"{target} answers more than is taken.", "Ask for less at a time (--limit).", e),
        HttpRequestError.ConnectionError => new(
            ServiceFault.Unreachable, $"{target} cannot be reached: {Innermost(e)}.", "Look whether the service runs there.", e),
        _ => new(ServiceFault.Unreachable, $"The connection to {target} failed: {Innermost(e)}.", "Look whether the service runs there.", e)
        {
            MayBeDone = true,
        },
    };

    private ServiceException NotUnderstood(string how, Exception? inner = null) => new(
        ServiceFault.NotUnderstood, $"{target} answers {how}.", "Check that it is a service of OtpActors of this version.", inner);

    private static string Innermost(Exception e) => (e.InnerException is null ? e.Message : Innermost(e.InnerException)).TrimEnd('.');

    /// <summary>A problem of RFC 9457 with this API's own members.</summary>
    private sealed record Problem(string? Title, string? Detail, string? Code, string? Field, string? Hint);
}
