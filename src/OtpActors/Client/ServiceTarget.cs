using System.Text;
using OtpActors.Api;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.Client;

/// <summary>The service to call, and the key to call it with.</summary>
public sealed class ServiceTarget
{
    /// <summary>Names the service where the command line does not.</summary>
    public const string ServerVariable = "OTPACTORS_SERVER";

    /// <summary>Holds the key.</summary>
    public const string KeyVariable = "OTPACTORS_API_KEY";

    /// <summary>Names a file that holds the key.</summary>
    public const string KeyFileVariable = "OTPACTORS_API_KEY_FILE";

    private const int MaxKeyLength = 1_000;

    /// <param name="key">Null for a service that asks for none.</param>
    /// <exception cref="FormatException">The URL is none of a service, or the key is no key.</exception>
    public ServiceTarget(string url, string? key = null)
        : this(ServiceUrl.Reachable(url), key is null ? null : Checked(key, "the key"), null, null)
    {
    }

    private ServiceTarget(Uri url, string? key, string? dataRoot, ServiceFile? file) =>
        (Url, Key, DataRoot, File) = (url, key, dataRoot, file);

    /// <summary>Ends in a slash.</summary>
    public Uri Url { get; }

    internal string? Key { get; }

    /// <summary>The data directory that the service was found by; null where it was named.</summary>
    public string? DataRoot { get; }

    internal ServiceFile? File { get; }

    /// <summary>Without the key.</summary>
    public override string ToString() => Url.AbsoluteUri.TrimEnd('/');

    /// <summary>
    /// The service that is named, else the one that runs on the data directory. A key that is given goes before that of the data
    /// directory.
    /// </summary>
    /// <param name="server">What the command line names; null for nothing.</param>
    /// <param name="keyFile">The file that the command line names; null for none.</param>
    /// <param name="environment">Variables of the environment, by their names.</param>
    /// <param name="dataRoot">The data directory's path; asked for only where no service is named.</param>
    /// <exception cref="FormatException">The URL is none of a service, or a key cannot be used; the message says where it came from.</exception>
    /// <exception cref="DataDirectoryException">The data directory's file cannot be read.</exception>
    /// <exception cref="ServiceException">No service is named, and none runs on the data directory.</exception>
    public static ServiceTarget Resolve(string? server, string? keyFile, Func<string, string?> environment, Func<string> dataRoot)
    {
        string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
        var key = keyFile is not null ? ReadKey(keyFile, "--api-key-file")
            : Variable(KeyVariable) is { } own ? Checked(own.Trim(), KeyVariable)
            : Variable(KeyFileVariable) is { } file ? ReadKey(file, KeyFileVariable)
            : null;
        if ((server ?? Variable(ServerVariable)) is { } named)
        {
            try
            {
                return new ServiceTarget(ServiceUrl.Reachable(named), key, null, null);
            }
            catch (FormatException e)
            {
                throw new FormatException($"{(server is null ? ServerVariable : "--server")}: {e.Message}");
            }
        }

        var root = Path.GetFullPath(dataRoot());
        return ServiceFile.Read(root) is { } found
            ? new ServiceTarget(ServiceUrl.Reachable(found.Url), key ?? found.Key, root, key is null ? found : null)
            : throw Absent(root, $"No service runs on {root}.");
    }

    /// <summary>Of a service that was found by its data directory: the process that left its address there has ended.</summary>
    internal ServiceException Stale() => Absent(
        DataRoot!, $"No service runs on {DataRoot}: its {ServiceFile.Name} was left by process {File!.ProcessId}, which was ended without an orderly stop.");

    private static ServiceException Absent(string root, string reason) =>
        new(ServiceFault.Absent, reason, $"Start one with `OtpActors serve --data {root}`, or name one with --server URL.");

    private static string ReadKey(string file, string source)
    {
        try
        {
            using var reader = new StreamReader(file, Encoding.UTF8);
            var buffer = new char[MaxKeyLength + 2];
            return Checked(new string(buffer, 0, reader.ReadBlock(buffer)).Trim(), $"{source}: {file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FormatException($"{source}: {file} cannot be read: {e.Message}");
        }
    }

    /// <summary>A key goes into a header. What is wrong does not repeat it.</summary>
    private static string Checked(string key, string source) =>
        key.Length is > 0 and <= MaxKeyLength && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new FormatException($"{source} must hold a key: one word of visible ASCII characters");
}
