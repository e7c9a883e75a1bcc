using System.CommandLine;
using System.Text.Json;
using OtpActors.Client;
using OtpActors.CommandLine.Screens;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.CommandLine.Services;

/// <summary>One use of a <see cref="ServiceVerb"/>: what was typed, the service it is for, and how the answer is shown.</summary>
internal sealed class ServiceCall(ParseResult parsed, CancellationToken interrupt, CancellationToken cancellationToken) : IAsyncDisposable
{
    private ServiceProvider? _services;
    private OtpActorsOptions? _settings;

    public ParseResult Parsed => parsed;

    /// <summary>Ctrl-C, SIGTERM, or the end of <c>--timeout</c>.</summary>
    public CancellationToken Cancel => cancellationToken;

    /// <summary>Whether it was Ctrl-C or SIGTERM.</summary>
    public bool IsInterrupted => interrupt.IsCancellationRequested;

    /// <summary>Whether one JSON document is to be printed.</summary>
    public bool IsJson => parsed.GetValue<bool>(ServiceVerb.Json.Name);

    /// <summary>This machine's settings; a service that is named with <c>--server</c> has its own.</summary>
    /// <exception cref="SettingsException">They are wrong.</exception>
    public OtpActorsOptions Settings => _settings ??= Cli.Settings(parsed);

    /// <summary>The service.</summary>
    /// <exception cref="UsageException">What names it, or its key, cannot be used.</exception>
    /// <exception cref="DataDirectoryException">The data directory's file cannot be read.</exception>
    /// <exception cref="ServiceException">None is named, and none runs on the data directory.</exception>
    public ServiceClient Client => (_services ??= Connect()).GetRequiredService<ServiceClient>();

    /// <summary>The service, looked for again: after a restart it has another key, and perhaps another port.</summary>
    /// <inheritdoc cref="Client"/>
    public ServiceClient Reconnect()
    {
        _services?.Dispose();
        _services = null;
        return Client;
    }

    /// <summary>The service's answer; where none runs on the data directory, what is read there in the same form.</summary>
    public async Task<T> AskOrReadAsync<T>(Func<ServiceClient, Task<T>> ask, Func<OtpActorsOptions, Task<T>> read)
    {
        try
        {
            return await ask(Client);
        }
        catch (ServiceException e) when (e.Fault == ServiceFault.Absent)
        {
            return await read(Settings);
        }
    }

    /// <summary>Prints the document as JSON, or shows it to people.</summary>
    public int Show<T>(T document, Action<Screen> show, int exitCode = ExitCodes.Done)
    {
        if (IsJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(document, ClientJson.Shown));
        }
        else
        {
            show(Terminal.Screen);
        }

        return exitCode;
    }

    /// <summary>A command line to copy, for the same service.</summary>
    public string Again(params IEnumerable<string> words) => Invocation.From([.. words, .. ServiceVerb.Place(parsed)]);

    public ValueTask DisposeAsync() => _services?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ServiceProvider Connect()
    {
        try
        {
            var target = ServiceTarget.Resolve(
                parsed.GetValue<string?>(ServiceVerb.Server.Name), parsed.GetValue(ServiceVerb.ApiKeyFile), Environment.GetEnvironmentVariable, () => Settings.Data);
            return new ServiceCollection().AddServiceClient(target).BuildServiceProvider();
        }
        catch (FormatException e)
        {
            throw new UsageException($"{e.Message}.");
        }
    }
}
