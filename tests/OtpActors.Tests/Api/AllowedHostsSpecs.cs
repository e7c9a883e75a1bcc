using System.Net;
using OtpActors.Api;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>By which names the service may be called.</summary>
[Collection(OneService.Name)]
public sealed class AllowedHostsSpecs
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_name_that_leads_here_is_no_way_in_with_keys_and_without(bool keys, bool anonymous)
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            options.Http.Url = "http://0.0.0.0:0"; // other machines reach it
            options.Http.AllowAnonymous = anonymous || !keys;
            if (keys)
            {
                Keys.Set(options);
            }
        });
        foreach (var host in new[] { "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "localhost.", "2130706433", "0x7f.1", "127.1" })
        {
            foreach (var path in new[] { "/api/runs", "/docs/", "/openapi/v1.json", "/metrics", "/healthz/live", "/none" })
            {
                (await CallAsync(service, path, host)).ShouldBeProblem(403, "wrong_host", "Host");
            }
        }

        foreach (var host in new[] { "localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "192.0.2.7", "192.0.2.7:8080", "[2001:db8::1]" })
        {
            (await CallAsync(service, "/api/runs", host)).ShouldBe(200);
        }
    }

    [Fact]
    public async Task Names_of_the_settings_are_names_of_the_service()
    {
        await using var service = await ApiService.StartAsync(options => options.Http.AllowedHosts = ["otp.example.com", "*.internal.example"]);
        foreach (var host in new[] { "otp.example.com", "OTP.example.com:8080", "a.internal.example", "a.b.internal.example", "localhost" })
        {
            (await CallAsync(service, "/api/runs", host)).ShouldBe(200);
        }

        foreach (var host in new[] { "example.com", "x.otp.example.com", "internal.example", "xinternal.example", "192.0.2.7" })
        {
            (await CallAsync(service, "/api/runs", host)).ShouldBeProblem(403, "wrong_host", "Host");
        }
    }

    [Theory]
    [InlineData("http://192.168.1.5:80", "192.168.1.5", true, "192.168.1.5")]
    [InlineData("http://127.0.0.1:80", "192.168.1.5", false, "127.0.0.1")]
    [InlineData("http://127.0.0.2:80", "127.0.0.2", true, "127.0.0.2")]
    [InlineData("http://*:80", "10.0.0.1", true, "172.17.0.2")] // through a translated address
    [InlineData("http://*:80", "", false, "172.17.0.2")]
    [InlineData("http://*:80", "otp.example.com", false, "172.17.0.2")]
    public void The_listening_address_is_a_name(string url, string host, bool allowed, string local) =>
        AllowedHosts.Allows(new HttpOptions { Url = url }, host, IPAddress.Parse(local)).ShouldBe(allowed);

    [Fact]
    public void A_star_stands_for_any_name() =>
        AllowedHosts.Allows(new HttpOptions { AllowedHosts = ["*"] }, "evil.example", null).ShouldBeTrue();

    private static Task<Answer> CallAsync(ApiService service, string path, string host)
    {
        var url = new UriBuilder(service.Url) { Host = "127.0.0.1" }.Uri;
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, path));
        request.Headers.TryAddWithoutValidation("Host", host);
        request.Headers.TryAddWithoutValidation("X-Api-Key", service.Options.Http.ApiKeys.Count > 0 ? Keys.Reader : null);
        return service.SendAsync(request);
    }
}
