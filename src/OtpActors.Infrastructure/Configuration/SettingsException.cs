namespace OtpActors.Infrastructure.Configuration;

/// <summary>The configuration is wrong; the message names the keys and what is wrong with each.</summary>
public sealed class SettingsException(string message) : Exception(message);
