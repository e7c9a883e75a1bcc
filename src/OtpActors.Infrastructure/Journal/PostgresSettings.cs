using System.Globalization;
using Npgsql;

namespace OtpActors.Infrastructure.Journal;

/// <summary>Connections to the journal's server, as the settings ask for them.</summary>
public static class PostgresSettings
{
    /// <summary>PostgreSQL keeps this much of a connection's name.</summary>
    private const int LongestName = 63;

    /// <exception cref="InvalidOperationException">The journal is not set to lie in PostgreSQL.</exception>
    public static NpgsqlConnectionStringBuilder From(JournalOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(
            options.ConnectionString?.Reveal() ?? throw new InvalidOperationException("The journal does not lie in PostgreSQL."))
        {
            IncludeErrorDetail = false, // it can repeat rows
            PersistSecurityInfo = false,
        };
        settings.ApplicationName ??= Name;
        if (options.Schema is { } schema)
        {
            settings.SearchPath = schema;
        }

        return settings;
    }

    /// <summary>What the server calls this process, so that people can find it.</summary>
    public static string Name { get; } = string.Create(
        CultureInfo.InvariantCulture, $"OtpActors process {Environment.ProcessId} on {Environment.MachineName}") is var name
        && name.Length > LongestName ? name[..LongestName] : name;
}
