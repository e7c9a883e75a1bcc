using System.CommandLine;
using System.Net;
using System.Text.Json;
using OtpActors.Client;
using OtpActors.CommandLine.Screens;
using OtpActors.Health;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.CommandLine;

/// <summary>
/// <c>health</c>: asks a running service how it is. Made for health checks of containers, where there is neither a shell
/// nor curl; so its exit code is 0 or 1, as those want it, whatever is wrong.
/// </summary>
internal static class HealthCommand
{
    private const string LivePath = "/healthz/live";
    private const string ReadyPath = "/healthz/ready";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var url = new Option<string?>("--url", "--server")
        {
            Description = "Where the service listens. [default: OtpActors:Http:Url, on this machine]",
            HelpName = "URL",
        };
        var ready = new Option<bool>("--ready")
        {
            Description = "Ask whether it can work, servers and stores included, and not only whether it runs.",
        };
        var timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "How long the answer may take. [default: 5s]",
            HelpName = "TIME",
            CustomParser = DurationArguments.Parse,
        };
        var json = new Option<bool>("--json") { Description = "Print the service's answer, one JSON document." };
        var command = new Command("health", "Asks a running service whether it is well. Exit code 0 if it is, else 1.")
        {
            url, ready, timeout, json,
        }.WithExamples("health --ready", "health --server http://127.0.0.1:8080 --timeout 2s");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var place = parsed.GetValue(url) ?? Settings.Load().Http.Url;
                var (well, says, document) = await AskAsync(
                    Target(place, parsed.GetValue(ready)), parsed.GetValue(timeout) ?? DefaultTimeout, cancellationToken);
                if (document is not null && parsed.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(document, ClientJson.Shown));
                    return well ? ExitCodes.Done : ExitCodes.NotDone;
                }

                await (well ? Console.Out : Console.Error).WriteLineAsync(says);
                foreach (var (name, check) in document?.Checks?.Where(check => check.Value.Status != "healthy") ?? [])
                {
                    await Console.Error.WriteLineAsync(TextWidth.Clean($"  {name}: {check.Status}{(check.Detail is { } detail ? $", {detail}" : "")}"));
                }

                return well ? ExitCodes.Done : ExitCodes.NotDone;
            }
            catch (Exception e) when (e is UsageException or SettingsException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return ExitCodes.NotDone;
            }
        });
        return command;
    }

    /// <summary>What is asked: of a place that stands for all addresses, this machine's own.</summary>
    /// <exception cref="UsageException">It is no place to ask.</exception>
    internal static Uri Target(string place, bool ready)
    {
        var concrete = place.Replace("//*", "//127.0.0.1", StringComparison.Ordinal).Replace("//+", "//127.0.0.1", StringComparison.Ordinal);
        if (!Uri.TryCreate(concrete, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.UserInfo.Length > 0)
        {
            throw new UsageException("The URL is none of a service: write http://ADDRESS:PORT.");
        }

        if (uri.Port == 0)
        {
            throw new UsageException("The service takes a free port (OtpActors:Http:Url has port 0): say where it listens with --url.");
        }

        var host = uri.Host switch
        {
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            _ => uri.Host,
        };
        return new UriBuilder(uri.Scheme, host, uri.Port, ready ? ReadyPath : LivePath).Uri;
    }

    /// <returns>Whether it answered that it is well, a line for people, and its answer where that is one of the service.</returns>
    internal static async Task<(bool Well, string Says, HealthDocument? Document)> AskAsync(Uri target, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // The question is for this very place: no proxy of the environment, no redirect to another.
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = 1024 * 1024 };
        try
        {
            using var answer = await client.GetAsync(target, cancellationToken);
            return (answer.StatusCode == HttpStatusCode.OK, $"{target} answers {(int)answer.StatusCode}.", await ReadAsync(answer, cancellationToken));
        }
        catch (HttpRequestException e)
        {
            return (false, $"{target} cannot be asked: {e.Message.TrimEnd('.')}.", null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, $"{target} does not answer within {timeout.TotalSeconds:0.###} s.", null);
        }
        catch (OperationCanceledException)
        {
            return (false, $"{target} was not waited for.", null);
        }
    }

    /// <summary>Null where something else answers.</summary>
    private static async Task<HealthDocument?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return answer.Content.Headers.ContentType?.MediaType == "application/json"
                ? await answer.Content.ReadFromJsonAsync<HealthDocument>(ClientJson.Options, cancellationToken)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
