using System.CommandLine;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;
using OtpActors.Lifecycle;
using Serilog.Events;

namespace OtpActors.CommandLine;

/// <summary><c>serve</c>: the long-running service.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Runs the service until it is told to stop; goes on with unfinished runs at the start.")
        {
            Cli.Data,
        }.WithExamples("serve", "serve --data /var/lib/otpactors");
        command.SetAction((parsed, cancellationToken) => Cli.GuardAsync(() => ServeAsync(parsed, cancellationToken)));
        return command;
    }

    private static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Cli.Settings(parsed);
        using var data = DataDirectory.Open(settings.Data);
        await using var journal = await JournalAccess.OpenAsync(settings, data, cancellationToken);
        await using var host = OtpActorsHost.BuildService(settings, data, LogEventLevel.Information);
        var files = host.Services.GetRequiredService<DataWatch>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, journal.Lost, files.Lost);
        try
        {
            await host.StartAsync(CancellationToken.None);
        }
        catch (IOException e)
        {
            throw new NotDoneException($"The service cannot listen: {e.Message.TrimEnd('.')}. Choose another place with OtpActors__Http__Url.");
        }

        try
        {
            var log = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OtpActors");
            log.LogInformation(
                "Serving from {Data} at {Url}; {Count} unfinished run(s) go on. Stop with Ctrl-C or SIGTERM",
                data.Root, string.Join(", ", host.Urls), host.Services.GetRequiredService<RunResumer>().Count);
            await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }

        return (files.WhyLost ?? journal.WhyLost) is { } reason ? throw new NotDoneException(reason) : ExitCodes.Done;
    }
}
