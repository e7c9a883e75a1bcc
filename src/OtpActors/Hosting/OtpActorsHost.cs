using OtpActors.Records;
using Serilog;
using Serilog.Events;

namespace OtpActors.Hosting;

/// <summary>The process around the service: log and life time. Signals are the command line's business.</summary>
public static class OtpActorsHost
{
    private const string LogTemplate =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} [{Level:u3}] {RunId} {ActorPath} {Message:lj}{NewLine}{Exception}";

    /// <param name="consoleLevel">What goes to standard error; everything from the configured level on goes to the file.</param>
    public static IHost Build(OtpActorsOptions options, DataDirectory data, LogEventLevel consoleLevel)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSerilog(log => log
            .MinimumLevel.Is(options.LogLevel)
            .Destructure.AsScalar<OneTimePassword>()
            .Destructure.AsScalar<EmailAddress>()
            .WriteTo.Console(
                consoleLevel, LogTemplate, standardErrorFromLevel: LogEventLevel.Verbose,
                formatProvider: System.Globalization.CultureInfo.InvariantCulture)
            .WriteTo.File(
                Path.Combine(data.LogsDirectory, "otpactors-.log"), outputTemplate: LogTemplate,
                formatProvider: System.Globalization.CultureInfo.InvariantCulture,
                rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14));
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services.AddOtpActors(options, data);
        return builder.Build();
    }

    /// <summary>The command line owns the signals, for every command alike.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
