using System.CommandLine;
using System.Net;
using OtpActors.Hosting;

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
        var url = new Option<string?>("--url")
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
        var command = new Command("health", "Asks a running service whether it is well. Exit code 0 if it is, else 1.")
        {
            url, ready, timeout,
        }.WithExamples("health --ready", "health --url http://127.0.0.1:8080 --timeout 2s");
        command.SetAction(async (parsed, cancel) =>
        {
            try
            {
                var place = parsed.GetValue(url) ?? Settings.Load().Http.Url;
                var (well, says) = await AskAsync(
                    Target(place, parsed.GetValue(ready)), parsed.GetValue(timeout) ?? DefaultTimeout, cancel);
                await (well ? Console.Out : Console.Error).WriteLineAsync(says);
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

    /// <returns>Whether it answered that it is well, and a line for people.</returns>
    internal static async Task<(bool Well, string Says)> AskAsync(Uri target, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // The question is for this very place: no proxy of the environment, no redirect to another.
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = timeout };
        try
        {
            using var answer = await client.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (answer.StatusCode == HttpStatusCode.OK, $"{target} answers {(int)answer.StatusCode}.");
        }
        catch (HttpRequestException e)
        {
            return (false, $"{target} cannot be asked: {e.Message.TrimEnd('.')}.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, $"{target} does not answer within {timeout.TotalSeconds:0.###} s.");
        }
        catch (OperationCanceledException)
        {
            return (false, $"{target} was not waited for.");
        }
    }
}
