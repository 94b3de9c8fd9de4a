UPDATE deposits SET claims = '{"licence":"CC-BY-4.0"}' WHERE id = 'd1';
UPDATE versions SET claims = '{"licence":"CC-BY-4.0"}' WHERE id = 'v1'
